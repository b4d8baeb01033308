-- How many requests of each kind took how long?
-- Counts, extents and exact percentiles of all requests come from here: even in a long log it has few rows.
-- internal
-- needs: slim_requests
-- columns:
--   kind: Number of the kind.
--   duration_ms: How long they took, in milliseconds.
--   requests: Requests.
--   timed: Those of them whose start is known.
--   first_time: Start of the first of them (UTC).
--   last_time: Start of the last of them (UTC).
CREATE TABLE duration_counts AS
SELECT
    kind, duration_ms, count(*) AS requests, count(start_time) AS timed, min(start_time) AS first_time,
    max(start_time) AS last_time
FROM slim_requests
GROUP BY kind, duration_ms;
