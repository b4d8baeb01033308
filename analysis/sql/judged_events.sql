-- What happened in each failover, between which two entries?
-- Filled by analysis/failover; failover_events adds counts and words.
-- internal
-- needs:
-- columns:
--   failover_id: The failover.
--   seq: Number of the event within it, by time.
--   event: onset, first_spill, full_failover, relapse, outage, last_primary_error, first_failback or recovered.
--   earliest: Not before this (UTC).
--   latest: Not after this (UTC).
--   until_earliest: End of a relapse or an outage: not before this.
--   until_latest: End of a relapse or an outage: not after this.
--   before_source: File of the last entry that does not show it yet.
--   before_line: Line of that entry.
--   source: File of the first entry that shows it.
--   line: Line of that entry.
CREATE TABLE judged_events (
    failover_id VARCHAR, seq INTEGER, event VARCHAR, earliest TIMESTAMPTZ, latest TIMESTAMPTZ,
    until_earliest TIMESTAMPTZ, until_latest TIMESTAMPTZ, before_source VARCHAR, before_line BIGINT,
    source VARCHAR, line BIGINT
);
