-- What changed between two windows?
-- One row per value of a column, the largest change of share first. Rates make windows of different lengths comparable.
-- needs: requests
-- parameters:
--   column_name: Column of requests, as text: 'endpoint_group', 'outcome', 'endpoint', 'user_agent'.
--   since: Begin of the window.
--   until: End of the window, which is not in it.
--   baseline_since: Begin of the window to compare it with; NULL means as long before the other end as the window lasts.
--   baseline_until: End of that; NULL means where the window begins.
-- example: FROM compare_windows('endpoint_group', '2026-11-24T02:32:30Z', '2026-11-24T02:32:40Z', baseline_since := '2026-11-24T02:32:00Z', baseline_until := '2026-11-24T02:32:10Z')
-- columns:
--   value: Value of the column.
--   requests_baseline: Requests with it in the baseline.
--   requests: Requests with it in the window.
--   per_second_baseline: The same per second of the baseline.
--   per_second: The same per second of the window.
--   share_baseline: Share of all requests of the baseline, 0 to 1; NULL where it holds none.
--   share: Share of all requests of the window, 0 to 1; NULL where it holds none.
--   share_change: How much the share grew: share - share_baseline.
--   failed_baseline: Requests with it that the caller lost, in the baseline.
--   failed: Requests with it that the caller lost, in the window.
--   p95_ms_baseline: 95th percentile of the duration in the baseline in milliseconds, streams left out.
--   p95_ms: 95th percentile of the duration in the window in milliseconds, streams left out.
CREATE MACRO compare_windows(column_name, since, until, baseline_since := NULL, baseline_until := NULL) AS TABLE
WITH ends AS MATERIALIZED (
    SELECT
        CAST(since AS TIMESTAMPTZ) AS begins,
        CAST(until AS TIMESTAMPTZ) AS ends,
        coalesce(CAST(baseline_until AS TIMESTAMPTZ), CAST(since AS TIMESTAMPTZ)) AS baseline_ends,
        coalesce(
            CAST(baseline_since AS TIMESTAMPTZ),
            coalesce(CAST(baseline_until AS TIMESTAMPTZ), CAST(since AS TIMESTAMPTZ))
                - (CAST(until AS TIMESTAMPTZ) - CAST(since AS TIMESTAMPTZ))
        ) AS baseline_begins
), chosen AS (
    SELECT
        COLUMNS(lambda name: name = column_name) AS value,
        start_time >= (SELECT begins FROM ends) AND start_time < (SELECT ends FROM ends) AS in_window,
        start_time >= (SELECT baseline_begins FROM ends) AND start_time < (SELECT baseline_ends FROM ends) AS in_baseline,
        failed AS is_failed, CASE WHEN NOT pinned THEN duration_ms END AS took_ms
    FROM requests
), counted AS (
    SELECT
        value,
        count(*) FILTER (in_baseline) AS requests_baseline,
        count(*) FILTER (in_window) AS requests,
        count(*) FILTER (in_baseline AND is_failed) AS failed_baseline,
        count(*) FILTER (in_window AND is_failed) AS failed,
        quantile_cont(took_ms, 0.95) FILTER (in_baseline) AS p95_ms_baseline,
        quantile_cont(took_ms, 0.95) FILTER (in_window) AS p95_ms
    FROM chosen
    WHERE in_window OR in_baseline
    GROUP BY value
), shared AS (
    SELECT
        *,
        requests_baseline / nullif(sum(requests_baseline) OVER (), 0) AS share_baseline,
        requests / nullif(sum(requests) OVER (), 0) AS share
    FROM counted
)
SELECT
    value,
    requests_baseline,
    requests,
    requests_baseline / (SELECT epoch(baseline_ends) - epoch(baseline_begins) FROM ends) AS per_second_baseline,
    requests / (SELECT epoch(ends) - epoch(begins) FROM ends) AS per_second,
    share_baseline,
    share,
    share - share_baseline AS share_change,
    failed_baseline,
    failed,
    p95_ms_baseline,
    p95_ms
FROM shared
ORDER BY abs(share_change) DESC NULLS LAST, requests DESC, value;
