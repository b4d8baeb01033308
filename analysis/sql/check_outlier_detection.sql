-- Which services have no outlier detection?
-- Without it Envoy ejects nothing, and Istio does no locality failover: only removed endpoints move traffic.
-- internal
-- needs: finding_columns, outlier_settings, caller_endpoints
-- columns:
--   finding_columns.*
CREATE VIEW check_outlier_detection AS
WITH groups AS (
    SELECT cluster_id, service, service_port, count(DISTINCT endpoint_group) AS groups
    FROM caller_endpoints
    GROUP BY ALL
)
SELECT
    'outlier_detection' AS check_id,
    CASE WHEN g.groups > 1 THEN 'error' ELSE 'info' END AS severity,
    s.service, s.service_port,
    s.cluster_id AS subject,
    CASE s.basis
        WHEN 'config_dump' THEN 'the proxies have no outlier detection for it'
        WHEN 'destination_rule' THEN 'its DestinationRule sets no outlierDetection'
        ELSE 'none of the DestinationRules given is for it, so no outlierDetection is set'
    END || CASE WHEN g.groups > 1 THEN ': failing endpoints are never ejected, and Istio does not fail over to another '
                || 'cluster because of them (only when endpoints are removed)'
           ELSE ': failing endpoints are never ejected' END AS message,
    'set trafficPolicy.outlierDetection in its DestinationRule; with it, Istio''s locality failover is on' AS remedy,
    format('apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: {}
spec:
  host: {}
  trafficPolicy:
    outlierDetection:
      consecutive5xxErrors: 5
      interval: 10s
      baseEjectionTime: 30s
      maxEjectionPercent: 100
', regexp_replace(replace(s.service, '.', '-'), '[^a-z0-9-]', '', 'g'), s.service) AS yaml,
    s.source, s.line
FROM outlier_settings AS s
LEFT JOIN groups AS g
    ON g.cluster_id IS NOT DISTINCT FROM s.cluster_id AND g.service = s.service
    AND g.service_port IS NOT DISTINCT FROM s.service_port
WHERE NOT s.is_set;
