-- How many requests did each endpoint get in each bin of the whole log, and how many of them were lost?
-- The busiest endpoints only.
WITH binned AS (
    SELECT
        (epoch_us(start_time) - epoch_us($starts)) // $bin_us AS bin,
        endpoint,
        any_value(endpoint_group) AS endpoint_group,
        any_value(group_role) AS group_role,
        count(*) AS requests,
        count(*) FILTER (failed) AS failed
    FROM routed
    WHERE {scene} AND endpoint IS NOT NULL AND group_role <> 'none'
    GROUP BY bin, endpoint
), busiest AS (
    SELECT endpoint, count(*) OVER () AS endpoints
    FROM binned
    GROUP BY endpoint
    ORDER BY sum(requests) DESC, endpoint
    LIMIT $most
), named AS (
    SELECT endpoint, any_value(workload) AS workload, any_value(endpoint_kind) AS endpoint_kind
    FROM endpoints
    GROUP BY endpoint
)
SELECT
    s.bin, s.endpoint, n.workload, coalesce(n.endpoint_kind, 'unknown') AS endpoint_kind, s.endpoint_group, s.group_role,
    b.endpoints, s.requests, s.failed
FROM binned AS s
JOIN busiest AS b USING (endpoint)
LEFT JOIN named AS n USING (endpoint)
ORDER BY s.bin, s.endpoint
