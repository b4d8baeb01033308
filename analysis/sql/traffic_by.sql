-- How does the traffic divide among the values of a column?
-- One row per value, and per step where a step is given.
-- needs: requests
-- parameters:
--   column_name: Column of requests, as text: 'endpoint_group', 'endpoint', 'zone', 'response_code', 'path'.
--   since: Only requests from this time on; NULL leaves the window open.
--   until: Only requests before this time; NULL leaves the window open.
--   step: Length of a step, such as '10 seconds'; NULL makes the whole window one.
-- example: FROM traffic_by('endpoint_group', since := '2026-11-24T02:32:10Z', until := '2026-11-24T02:32:25Z', step := '5 seconds')
-- columns:
--   step_start: When the step begins (UTC); NULL without steps.
--   value: Value of the column.
--   requests: Requests with it.
--   share: Their share of all requests of the step, 0 to 1.
--   failed: Those that the caller lost through the upstream side.
--   p50_ms: Median duration in milliseconds, streams left out.
--   p95_ms: 95th percentile of the duration in milliseconds.
--   p99_ms: 99th percentile of the duration in milliseconds.
--   bytes_sent: Bytes of body sent to the downstream.
CREATE MACRO traffic_by(column_name, since := NULL, until := NULL, step := NULL) AS TABLE
WITH chosen AS (
    SELECT
        time_bucket(CAST(step AS INTERVAL), start_time) AS step_start,
        COLUMNS(lambda name: name = column_name) AS value,
        failed AS is_failed, pinned AS is_pinned, duration_ms AS took_ms, bytes_sent AS sent
    FROM requests
    WHERE (since IS NULL OR start_time >= CAST(since AS TIMESTAMPTZ))
      AND (until IS NULL OR start_time < CAST(until AS TIMESTAMPTZ))
      AND (step IS NULL OR start_time IS NOT NULL)
)
SELECT
    step_start,
    value,
    count(*) AS requests,
    count(*) / sum(count(*)) OVER (PARTITION BY step_start) AS share,
    count(*) FILTER (is_failed) AS failed,
    quantile_cont(took_ms, 0.5) FILTER (NOT is_pinned) AS p50_ms,
    quantile_cont(took_ms, 0.95) FILTER (NOT is_pinned) AS p95_ms,
    quantile_cont(took_ms, 0.99) FILTER (NOT is_pinned) AS p99_ms,
    CAST(sum(sent) AS BIGINT) AS bytes_sent
FROM chosen
GROUP BY step_start, value
ORDER BY step_start, requests DESC, value;
