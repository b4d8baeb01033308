-- How many requests went to each endpoint group in each bin of the whole log, how many were lost, and how fast was the rest?
-- routed keeps the few columns of requests that this needs: reading all of requests again would take long.
WITH binned AS (
    SELECT
        (epoch_us(start_time) - epoch_us($starts)) // $bin_us AS bin,
        endpoint_group,
        group_role,
        count(*) AS requests,
        count(*) FILTER (failed) AS failed,
        quantile_cont(duration_ms, [0.5, 0.95, 0.99]) FILTER (NOT failed AND NOT pinned) AS ms
    FROM routed
    WHERE {scene}
    GROUP BY ALL
)
SELECT bin, endpoint_group, group_role, requests, failed, ms[1] AS p50_ms, ms[2] AS p95_ms, ms[3] AS p99_ms
FROM binned
ORDER BY bin, group_role, endpoint_group
