-- Where did Envoy count other numbers of requests than lines are held?
-- Less than 98 percent of what was counted, ten aside for what was under way at the snapshots: the log is sampled,
-- filtered, cut, or not all of it is held. More than it counted, by as much: lines of another proxy, or the same twice.
-- internal
-- needs: finding_columns, counted_requests
-- columns:
--   finding_columns.*
CREATE VIEW check_missing_lines AS
WITH sums AS (
    SELECT
        cluster_id, gateway, proxy, service, service_port, endpoint IS NULL AS is_whole,
        min(since) AS since, max(until) AS until, sum(counted)::BIGINT AS counted, sum(held)::BIGINT AS held,
        max(last_line_at) AS last_line_at, arg_max({'source': source, 'line': line}, (until, source, line)) AS place
    FROM counted_requests
    GROUP BY ALL
)
SELECT
    'missing_lines' AS check_id, 'warning' AS severity, service, service_port,
    concat_ws('/', cluster_id, gateway, proxy) AS subject,
    CASE WHEN held < counted
         THEN format('Envoy counted {} answers between two snapshots, but only {} lines of them are held ({:.1f} percent): ',
                     counted, held, 100 * held / counted)
              || CASE WHEN last_line_at < until - INTERVAL 5 SECOND THEN 'the log ends before the later snapshot'
                      ELSE 'the log is sampled, filtered, or not all of it is held' END
         ELSE format('{} lines are held, but Envoy counted only {} answers between two snapshots', held, counted) END AS message,
    CASE WHEN held < counted
         THEN 'take shares and failure rates with care; look for a filter or a sampling fraction in the Telemetry, for '
              || 'lines lost by the log collector, and for the logs of other containers of the pod'
         ELSE 'look whether the log holds lines of several proxies, or the same lines twice' END AS remedy,
    NULL AS yaml, place.source AS source, place.line AS line
FROM sums
WHERE (counted >= 50 AND held < 0.98 * counted - 10) OR held > 1.02 * counted + 10;
