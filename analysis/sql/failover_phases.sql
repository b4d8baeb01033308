-- Which phases did each failover go through, and what did each cost?
-- Phases follow each other without gaps, from the first second of the route's log, or the end of the failover before, to
-- its last, or the beginning of the next failover. Requests count in the phase in which they began.
-- needs: judged_phases, phase_hours, troubled
-- columns:
--   judged_phases.*
--   requests: Requests that began in the phase.
--   failed: Those that were lost.
--   by_primary: Those that the primary group answered.
--   by_secondary: Those that another group answered.
--   p50_ms: Median duration of the answered ones, in milliseconds.
--   p95_ms: 95th percentile of the same.
--   p99_ms: 99th percentile of the same.
CREATE TABLE failover_phases AS
WITH counted AS (
    SELECT
        p.failover_id, p.seq, count(*) AS requests, count(*) FILTER (r.failed) AS failed,
        count(*) FILTER (r.group_role = 'primary' AND NOT r.failed) AS by_primary,
        count(*) FILTER (r.group_role = 'secondary' AND NOT r.failed) AS by_secondary,
        quantile_cont(r.duration_ms, [0.5, 0.95, 0.99]) FILTER (NOT r.failed AND NOT r.pinned) AS ms
    FROM phase_hours AS p
    JOIN troubled AS r
        ON r.route = p.route AND epoch_us(r.start_time) // 3600000000 = p.hour
        AND r.start_time >= p.starts AND r.start_time < p.ends
    GROUP BY ALL
)
SELECT
    p.*,
    coalesce(c.requests, 0) AS requests,
    coalesce(c.failed, 0) AS failed,
    coalesce(c.by_primary, 0) AS by_primary,
    coalesce(c.by_secondary, 0) AS by_secondary,
    c.ms[1] AS p50_ms, c.ms[2] AS p95_ms, c.ms[3] AS p99_ms
FROM judged_phases AS p
LEFT JOIN counted AS c ON c.failover_id = p.failover_id AND c.seq = p.seq
ORDER BY p.failover_id, p.seq;
