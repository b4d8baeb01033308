-- How many requests did each endpoint get in each bin, and how many of them were lost?
-- The busiest endpoints only; the last attempt of a request is the one that counts.
WITH scene AS (
    SELECT * FROM requests WHERE {scene} AND endpoint IS NOT NULL AND endpoint_kind <> 'none'
), busiest AS (
    SELECT endpoint, count(*) AS requests, count(*) OVER () AS endpoints
    FROM scene
    GROUP BY endpoint
    ORDER BY requests DESC, endpoint
    LIMIT $most
)
SELECT
    (epoch_us(s.start_time) - epoch_us($starts)) // $bin_us AS bin,
    s.endpoint,
    any_value(s.workload) AS workload,
    any_value(s.endpoint_kind) AS endpoint_kind,
    any_value(s.endpoint_group) AS endpoint_group,
    any_value(s.group_role) AS group_role,
    any_value(b.endpoints) AS endpoints,
    count(*) AS requests,
    count(*) FILTER (s.failed) AS failed
FROM scene AS s
JOIN busiest AS b USING (endpoint)
GROUP BY bin, s.endpoint
ORDER BY bin, s.endpoint
