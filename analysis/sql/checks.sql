-- Which checks were made, what did they find, and which could not be made for want of what?
-- needs: findings, mesh_config, inventory, outlier_settings, caller_endpoints, priority_splits, counted_requests, access_log, routes
-- columns:
--   check_id: Name of the check.
--   question: What it asks.
--   status: found, ok, or not_checked.
--   errors: Findings that are errors.
--   warnings: Findings that are warnings.
--   infos: Findings that are good to know.
--   needs: What it needs and did not get; NULL where it was made.
CREATE VIEW checks AS
WITH made (check_id, question, needs, can) AS (
    VALUES
        ('outlier_detection', 'Is outlier detection set for each service?',
         'the DestinationRules, or a config dump of the calling proxies (-i)',
         EXISTS (FROM outlier_settings WHERE basis <> 'none')),
        ('max_ejection_percent', 'Can a whole cluster be ejected?',
         'the DestinationRules, or a config dump of the calling proxies (-i), and a service with two clusters in the log '
         || 'or in /clusters', EXISTS (FROM outlier_settings WHERE is_set) AND EXISTS (
             SELECT 1 FROM caller_endpoints GROUP BY cluster_id, service, service_port HAVING count(DISTINCT endpoint_group) > 1
         )),
        ('distribute', 'Did distribute take the fallback away?',
         'the DestinationRules, or the mesh configuration (-i), and localities of endpoints',
         EXISTS (FROM mesh_config WHERE kind <> 'Cluster') AND EXISTS (FROM caller_endpoints WHERE region IS NOT NULL)),
        ('endpoint_locality', 'Do remote endpoints have a locality?',
         '/clusters or a config dump of the calling proxies, or the ServiceEntries (-i)',
         EXISTS (FROM inventory WHERE upstream_cluster IS NOT NULL OR service IS NOT NULL)),
        ('single_gateway', 'Is any network reached through one address only?', 'a service with an east-west gateway',
         EXISTS (FROM caller_endpoints WHERE is_gateway)),
        ('tls_trust', 'Are there TLS errors that no retry mends?', 'access-log entries', EXISTS (FROM access_log)),
        ('undeclared_endpoints', 'Do endpoints serve that no snapshot names?',
         '/clusters or a config dump of the calling proxies (-i)', EXISTS (FROM caller_endpoints WHERE declared)),
        ('silent_endpoints', 'Are there endpoints that never serve?',
         '/clusters or a config dump of the calling proxies (-i)', EXISTS (FROM caller_endpoints WHERE declared)),
        ('priority_split', 'Did traffic divide as Envoy''s priority rule says?',
         'two priorities in /clusters of the calling proxies, with its time, and the outlier event logs of the same '
         || 'proxies (-i)', EXISTS (FROM priority_splits)),
        ('missing_lines', 'Do Envoy''s counters agree with the lines held?',
         'two snapshots in time of /clusters or /stats of one proxy (-i FILE@TIME)', EXISTS (FROM counted_requests)),
        ('access_log_fields', 'Would other access-log settings have answered more?', 'access-log entries',
         EXISTS (FROM access_log))
), counted AS (
    SELECT check_id, count(*) FILTER (severity = 'error') AS errors, count(*) FILTER (severity = 'warning') AS warnings,
           count(*) FILTER (severity = 'info') AS infos
    FROM findings
    GROUP BY check_id
)
SELECT
    m.check_id, m.question,
    CASE WHEN c.check_id IS NOT NULL THEN 'found' WHEN m.can THEN 'ok' ELSE 'not_checked' END AS status,
    coalesce(c.errors, 0) AS errors, coalesce(c.warnings, 0) AS warnings, coalesce(c.infos, 0) AS infos,
    CASE WHEN c.check_id IS NULL AND NOT m.can THEN m.needs END AS needs
FROM made AS m
LEFT JOIN counted AS c USING (check_id)
ORDER BY m.check_id;
