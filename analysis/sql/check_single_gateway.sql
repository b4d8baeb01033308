-- Which other networks are reached through one address only?
-- All requests to that network go to one endpoint of Envoy: one ejection of it, or one broken address, and the whole
-- network is gone, however many pods are well behind it.
-- internal
-- needs: finding_columns, caller_endpoints, source_numbers
-- columns:
--   finding_columns.*
CREATE VIEW check_single_gateway AS
WITH networks AS (
    SELECT
        cluster_id, service, service_port, endpoint_group,
        count(*) AS endpoints, any_value(endpoint) AS endpoint, bool_and(is_gateway) AS all_gateways,
        any_value(source) AS source, any_value(line) AS line, min(first_hop_id) AS first_hop_id
    FROM caller_endpoints
    WHERE endpoint_group IS NOT NULL AND endpoint_group IS DISTINCT FROM cluster_id
    GROUP BY ALL
)
SELECT
    'single_gateway' AS check_id, 'warning' AS severity, n.service, n.service_port, n.endpoint AS subject,
    format('{} is reached through one address, {}: when that is ejected, or fails, all of {} is gone at once',
           n.endpoint_group, n.endpoint, n.endpoint_group) AS message,
    'give the east-west gateway several addresses (replicas behind more than one load-balancer IP), and let outlier '
    || 'detection be patient with it: a few of the pods behind it failing must not eject it' AS remedy,
    NULL AS yaml,
    coalesce(n.source, s.source) AS source,
    coalesce(n.line, n.first_hop_id & 1099511627775) AS line
FROM networks AS n
LEFT JOIN source_numbers AS s ON s.source_number = n.first_hop_id >> 40
WHERE n.endpoints = 1 AND n.all_gateways;
