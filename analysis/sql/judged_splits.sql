-- Which routes send their requests to several groups at all times, so that they have shifts and no failovers?
-- Filled by analysis/failover.
-- internal
-- needs:
-- columns:
--   route: Number that stands for proxy and service.
CREATE TABLE judged_splits (route UBIGINT);
