-- How many requests of each kind are there, and from when to when?
-- internal
-- needs: duration_counts, judged_kinds
-- columns:
--   judged_kinds.*
--   endpoint: Address of the endpoint, as logged; NULL where none was chosen.
--   requests: Requests.
--   timed: Those of them whose start is known.
--   first_time: Start of the first of them (UTC).
--   last_time: Start of the last of them (UTC).
CREATE VIEW counted_kinds AS
SELECT k.*, CASE WHEN k.endpoint_kind <> 'none' THEN k.upstream_host END AS endpoint, c.* EXCLUDE (kind)
FROM (
    SELECT
        kind, sum(requests)::BIGINT AS requests, sum(timed)::BIGINT AS timed, min(first_time) AS first_time,
        max(last_time) AS last_time
    FROM duration_counts
    GROUP BY kind
) AS c
JOIN judged_kinds AS k USING (kind);
