-- Which endpoints serve although no snapshot of their callers names them?
-- Endpoints come and go between two snapshots: this says only that none of those given knows the address.
-- internal
-- needs: finding_columns, caller_endpoints, source_numbers
-- columns:
--   finding_columns.*
CREATE VIEW check_undeclared_endpoints AS
WITH told AS (
    SELECT cluster_id, service, service_port, count(*) AS endpoints FROM caller_endpoints WHERE declared GROUP BY ALL
)
SELECT
    'undeclared_endpoints' AS check_id, 'warning' AS severity, e.service, e.service_port, e.endpoint AS subject,
    format('{} got requests ({}), but no snapshot knows it; they name other endpoints of the service ({})', e.endpoint,
           e.requests, t.endpoints) AS message,
    'take a snapshot of the proxy nearer to that time; if it is still there, find out who answers at the address '
    || '(a pod that is gone, an old ServiceEntry, another cluster with the same addresses)' AS remedy,
    NULL AS yaml, s.source, e.first_hop_id & 1099511627775 AS line
FROM caller_endpoints AS e
JOIN told AS t
    ON t.cluster_id IS NOT DISTINCT FROM e.cluster_id AND t.service = e.service
    AND t.service_port IS NOT DISTINCT FROM e.service_port
LEFT JOIN source_numbers AS s ON s.source_number = e.first_hop_id >> 40
WHERE NOT e.declared AND e.requests > 0;
