-- What does each combination of response flags say about who lost the request?
-- Each flag implies an outcome (ingest/flags.toml); of several the one of the lowest rank wins.
-- internal
-- needs: entry_kinds, response_flags
-- columns:
--   response_flags: The flags as a list, as logged.
--   outcome: The outcome that they imply; NULL where they imply none.
--   retries_exhausted: True with URX.
CREATE TABLE flag_outcomes AS
WITH combinations AS (
    SELECT DISTINCT response_flags FROM entry_kinds WHERE len(response_flags) > 0
), single AS (
    SELECT response_flags, unnest(response_flags) AS code FROM combinations
)
SELECT
    s.response_flags,
    arg_min(f.outcome, f.rank) AS outcome,
    bool_or(s.code = 'URX') AS retries_exhausted
FROM single AS s
LEFT JOIN response_flags AS f ON f.code = s.code
GROUP BY s.response_flags;
