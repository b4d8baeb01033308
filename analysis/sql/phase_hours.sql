-- Through which hours does each phase of a failover go?
-- What requests are joined with phases by: many failovers of one route would else each go through all of its requests.
-- internal
-- needs: judged_phases, judged_failovers
-- columns:
--   judged_phases.*
--   route: Number that stands for proxy and service in troubled.
--   first_request_at: Start of the first request that belongs to the failover (UTC).
--   last_request_at: Start of the last request that belongs to it (UTC).
--   hour: Hours since 1970 (UTC).
CREATE VIEW phase_hours AS
SELECT
    p.*, f.route, f.first_request_at, f.last_request_at,
    unnest(range(epoch_us(p.starts) // 3600000000, epoch_us(p.ends) // 3600000000 + 1)) AS hour
FROM judged_phases AS p
JOIN judged_failovers AS f USING (failover_id);
