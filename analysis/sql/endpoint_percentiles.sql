-- How long did the requests of each endpoint take?
-- Exact percentiles out of how often each duration occurred, interpolated between two ranks as quantile_cont does (but for
-- the last binary digit). Streams of more than 10 minutes are left out.
-- internal
-- needs: duration_counts, counted_kinds
-- columns:
--   scope: all (requests) or answered (those of routed that an endpoint answered, in its group).
--   service: Host of the service.
--   service_port: Port of the service.
--   subset: Subset; NULL if none.
--   endpoint_group: Endpoint group; NULL for all requests.
--   endpoint: Address of the endpoint; NULL for requests that found none.
--   p50_ms: Median duration in milliseconds.
--   p95_ms: 95th percentile of the same.
--   p99_ms: 99th percentile of the same.
CREATE TABLE endpoint_percentiles AS
WITH durations AS (
    SELECT
        k.service, k.service_port, k.subset, k.endpoint_group, k.endpoint, d.duration_ms, d.requests, d.timed,
        k.endpoint IS NOT NULL AND k.outcome IN ('ok', 'client_error') AND k.role NOT IN ('east_west', 'sidecar_inbound')
            AND d.timed > 0 AS is_answered
    FROM duration_counts AS d
    JOIN counted_kinds AS k USING (kind)
    WHERE k.service IS NOT NULL AND d.duration_ms <= 600000
), counted AS (
    SELECT 'all' AS scope, service, service_port, subset, NULL AS endpoint_group, endpoint, duration_ms, sum(requests) AS requests
    FROM durations
    GROUP BY ALL
    UNION ALL
    SELECT 'answered', service, service_port, subset, endpoint_group, endpoint, duration_ms, sum(timed)
    FROM durations
    WHERE is_answered
    GROUP BY ALL
), ranks AS (
    SELECT *, sum(requests) OVER (same ORDER BY duration_ms) AS upto, sum(requests) OVER same - 1 AS last_rank
    FROM counted
    WINDOW same AS (PARTITION BY scope, service, service_port, subset, endpoint_group, endpoint)
), parts AS (
    SELECT
        scope, service, service_port, subset, endpoint_group, endpoint, part, any_value(last_rank * part) AS rank,
        min(duration_ms) FILTER (upto > floor(last_rank * part)) AS low,
        min(duration_ms) FILTER (upto > ceil(last_rank * part)) AS high
    FROM ranks, (SELECT unnest([0.5::DOUBLE, 0.95::DOUBLE, 0.99::DOUBLE]) AS part)
    GROUP BY scope, service, service_port, subset, endpoint_group, endpoint, part
)
SELECT
    scope, service, service_port, subset, endpoint_group, endpoint,
    any_value(low * (1 - (rank - floor(rank))) + high * (rank - floor(rank))) FILTER (part = 0.5) AS p50_ms,
    any_value(low * (1 - (rank - floor(rank))) + high * (rank - floor(rank))) FILTER (part = 0.95) AS p95_ms,
    any_value(low * (1 - (rank - floor(rank))) + high * (rank - floor(rank))) FILTER (part = 0.99) AS p99_ms
FROM parts
GROUP BY scope, service, service_port, subset, endpoint_group, endpoint;
