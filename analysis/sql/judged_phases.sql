-- Which phases did each failover go through?
-- Filled by analysis/failover; failover_phases adds counts.
-- internal
-- needs:
-- columns:
--   failover_id: The failover.
--   seq: Number of the phase within it, by time.
--   phase: healthy, failing, partial, on_secondary, relapse, outage or failback.
--   starts: When it began (UTC).
--   ends: When it ended (UTC), exclusive.
CREATE TABLE judged_phases (
    failover_id VARCHAR, seq INTEGER, phase VARCHAR, starts TIMESTAMPTZ, ends TIMESTAMPTZ
);
