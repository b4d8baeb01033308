-- Where did requests not divide as Envoy's priority rule says?
-- A stretch counts when it holds a hundred requests, and the share of a priority is more than five points and five
-- standard errors off what priority_load predicts. Retries are not counted apart: a request stands where it ended.
-- internal
-- needs: finding_columns, priority_splits
-- columns:
--   finding_columns.*
CREATE VIEW check_priority_split AS
WITH odd AS (
    SELECT
        *,
        abs(observed_percent - predicted_percent) AS points,
        -- The rule's own rounding is a percent.
        greatest(1, 100 * sqrt(predicted_percent / 100 * (1 - predicted_percent / 100) / of_requests)) AS error_points
    FROM priority_splits
    WHERE of_requests >= 100
), worst AS (
    SELECT
        service, service_port, cluster_id, gateway, proxy, count(DISTINCT since) AS stretches, arg_max(odd, points) AS found
    FROM odd
    WHERE points > 5 AND points > 5 * error_points
    GROUP BY ALL
)
SELECT
    'priority_split' AS check_id, 'warning' AS severity, service, service_port,
    concat_ws('/', cluster_id, gateway, proxy) AS subject,
    format(
        'from {} to {} priority {} had {} of {} endpoints healthy and should have got {} percent of the requests, but got '
        || '{:.1f} ({} of {}){}',
        strftime(found.since, '%H:%M:%S'), strftime(found.until, '%H:%M:%S'), found.priority, found.healthy, found.total,
        found.predicted_percent, found.observed_percent, found.requests, found.of_requests,
        CASE WHEN stretches > 1 THEN format('; {} more such stretches', stretches - 1) ELSE '' END
    ) AS message,
    'look for what the rule does not know: another proxy''s log among these, panic routing (a healthy_panic_threshold '
    || 'above 0), weights, retries that hide failures, endpoints that came or went between two snapshots' AS remedy,
    NULL AS yaml, found.source AS source, found.line AS line
FROM worst;
