-- Which requests began in a window?
-- The name is a word of SQL and stands in quotes: "between"(since, until).
-- needs: requests
-- parameters:
--   since: Requests from this time on.
--   until: Requests before this time.
-- example: SELECT start_time, endpoint, outcome, source, line FROM "between"('2026-11-24T02:32:15.48Z', '2026-11-24T02:32:15.52Z') ORDER BY start_time
-- columns:
--   requests.*
CREATE MACRO "between"(since, until) AS TABLE
SELECT *
FROM requests
WHERE start_time >= CAST(since AS TIMESTAMPTZ)
  AND start_time < CAST(until AS TIMESTAMPTZ);
