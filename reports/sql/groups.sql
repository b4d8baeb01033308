-- How many requests went to each endpoint group in each bin, how many were lost, and how fast were the others?
-- Requests count in the bin in which they began. Percentiles leave out lost requests and long streams.
SELECT
    (epoch_us(start_time) - epoch_us($starts)) // $bin_us AS bin,
    endpoint_group,
    group_role,
    count(*) AS requests,
    count(*) FILTER (failed) AS failed,
    quantile_cont(duration_ms, 0.5) FILTER (NOT failed AND NOT pinned) AS p50_ms,
    quantile_cont(duration_ms, 0.95) FILTER (NOT failed AND NOT pinned) AS p95_ms,
    quantile_cont(duration_ms, 0.99) FILTER (NOT failed AND NOT pinned) AS p99_ms
FROM requests
WHERE {scene}
GROUP BY ALL
ORDER BY bin, group_role, endpoint_group
