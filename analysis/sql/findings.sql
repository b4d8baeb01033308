-- What does not agree with what was declared, or would not work when it is needed?
-- One row per finding, the worst first; `checks` says which checks were made, and which could not be.
-- needs: finding_columns, check_outlier_detection, check_max_ejection_percent, check_distribute, check_endpoint_locality, check_single_gateway, check_tls_trust, check_undeclared_endpoints, check_silent_endpoints, check_priority_split, check_missing_lines, check_access_log_fields
-- columns:
--   finding_columns.*
CREATE VIEW findings AS
SELECT *
FROM (
    FROM check_outlier_detection
    UNION ALL BY NAME
    FROM check_max_ejection_percent
    UNION ALL BY NAME
    FROM check_distribute
    UNION ALL BY NAME
    FROM check_endpoint_locality
    UNION ALL BY NAME
    FROM check_single_gateway
    UNION ALL BY NAME
    FROM check_tls_trust
    UNION ALL BY NAME
    FROM check_undeclared_endpoints
    UNION ALL BY NAME
    FROM check_silent_endpoints
    UNION ALL BY NAME
    FROM check_priority_split
    UNION ALL BY NAME
    FROM check_missing_lines
    UNION ALL BY NAME
    FROM check_access_log_fields
)
WHERE getvariable('service') IS NULL OR service IS NULL OR service = getvariable('service')
ORDER BY list_position(['error', 'warning', 'info'], severity), check_id, service, service_port, subject, message;
