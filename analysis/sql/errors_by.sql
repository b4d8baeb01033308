-- Which requests were lost, how, and where do they gather?
-- Lost are requests that the caller lost through the upstream side (`failed`); what a client did wrong is not among
-- them. One row per value and kind of failure, each with the first line that shows it.
-- needs: requests
-- parameters:
--   column_name: Column of requests, as text: 'endpoint', 'service', 'path', 'zone'.
--   since: Only requests from this time on; NULL leaves the window open.
--   until: Only requests before this time; NULL leaves the window open.
-- example: FROM errors_by('endpoint', since := '2026-11-24T02:32:00Z', until := '2026-11-24T02:32:20Z')
-- columns:
--   value: Value of the column.
--   outcome: How they ended.
--   response_code: HTTP status.
--   response_flags: Response flags, in the order of their names.
--   failed: Requests lost so.
--   share: Their share of all that were lost in the window, 0 to 1.
--   first_failed: Start of the first of them (UTC).
--   last_failed: Start of the last of them (UTC).
--   source: File of the first.
--   line: Its line in that file.
CREATE MACRO errors_by(column_name, since := NULL, until := NULL) AS TABLE
WITH lost AS (
    SELECT
        COLUMNS(lambda name: name = column_name) AS value,
        outcome AS how, response_code AS code, list_sort(response_flags) AS flags, start_time AS began,
        source AS file, line AS number
    FROM requests
    WHERE failed
      AND (since IS NULL OR start_time >= CAST(since AS TIMESTAMPTZ))
      AND (until IS NULL OR start_time < CAST(until AS TIMESTAMPTZ))
)
SELECT
    value,
    how AS outcome,
    code AS response_code,
    flags AS response_flags,
    count(*) AS failed,
    count(*) / sum(count(*)) OVER () AS share,
    min(began) AS first_failed,
    max(began) AS last_failed,
    arg_min(file, (began, file, number)) AS source,
    arg_min(number, (began, file, number)) AS line
FROM lost
GROUP BY value, how, code, flags
ORDER BY failed DESC, value, how, code, flags;
