-- What did each phase of a failover cost: lost requests, time that users waited longer, bytes that crossed to another group?
-- The baseline is what the primary took in the five minutes before the failover; without any, waits are NULL.
-- needs: judged_phases, judged_failovers, phase_hours, troubled
-- columns:
--   failover_id: The failover.
--   seq: Number of the phase within it.
--   phase: healthy, failing, partial, on_secondary, relapse, outage or failback.
--   requests: Requests that began in the phase.
--   failed: Those that were lost.
--   on_secondary: Those that were sent to another group.
--   baseline_ms: Mean duration on the primary in the five minutes before the failover, in milliseconds.
--   extra_wait_s: Seconds that users waited beyond as many requests at the baseline, over all requests answered.
--   extra_wait_secondary_s: The part of it that requests answered by another group waited.
--   extra_p50_ms: Median duration of the answered requests less that of the baseline, in milliseconds.
--   extra_p95_ms: The same for the 95th percentile.
--   extra_p99_ms: The same for the 99th percentile.
--   bytes_to_secondary: Bytes of body that crossed to another group and back.
CREATE TABLE phase_costs AS
WITH baselines AS (
    SELECT f.failover_id, avg(r.duration_ms) AS mean_ms, quantile_cont(r.duration_ms, [0.5, 0.95, 0.99]) AS ms
    FROM (
        SELECT *, unnest(range(
            epoch_us(first_request_at - INTERVAL 5 MINUTE) // 3600000000, epoch_us(first_request_at) // 3600000000 + 1
        )) AS hour
        FROM judged_failovers
    ) AS f
    JOIN troubled AS r
        ON r.route = f.route AND epoch_us(r.start_time) // 3600000000 = f.hour AND r.start_time >= f.first_request_at - INTERVAL 5 MINUTE
        AND r.start_time < f.first_request_at
    WHERE r.group_role = 'primary' AND NOT r.failed AND NOT r.pinned
    GROUP BY ALL
), counted AS (
    SELECT
        p.failover_id, p.seq,
        count(*) AS requests,
        count(*) FILTER (r.failed) AS failed,
        count(*) FILTER (r.group_role = 'secondary') AS on_secondary,
        sum(r.duration_ms) FILTER (answered) AS answered_ms,
        count(r.duration_ms) FILTER (answered) AS answered,
        sum(r.duration_ms) FILTER (answered AND r.group_role = 'secondary') AS secondary_ms,
        count(r.duration_ms) FILTER (answered AND r.group_role = 'secondary') AS secondary,
        quantile_cont(r.duration_ms, [0.5, 0.95, 0.99]) FILTER (answered) AS ms,
        sum(r.bytes) FILTER (r.group_role = 'secondary') AS bytes
    FROM phase_hours AS p
    JOIN troubled AS r
        ON r.route = p.route AND epoch_us(r.start_time) // 3600000000 = p.hour
        AND r.start_time >= p.starts AND r.start_time < p.ends,
    LATERAL (SELECT NOT r.failed AND NOT r.pinned AS answered)
    GROUP BY ALL
)
SELECT
    p.failover_id, p.seq, p.phase,
    coalesce(c.requests, 0) AS requests,
    coalesce(c.failed, 0) AS failed,
    coalesce(c.on_secondary, 0) AS on_secondary,
    b.mean_ms AS baseline_ms,
    (c.answered_ms - c.answered * b.mean_ms) / 1000 AS extra_wait_s,
    (coalesce(c.secondary_ms, 0) - c.secondary * b.mean_ms) / 1000 AS extra_wait_secondary_s,
    c.ms[1] - b.ms[1] AS extra_p50_ms,
    c.ms[2] - b.ms[2] AS extra_p95_ms,
    c.ms[3] - b.ms[3] AS extra_p99_ms,
    coalesce(c.bytes, 0)::BIGINT AS bytes_to_secondary
FROM judged_phases AS p
LEFT JOIN baselines AS b USING (failover_id)
LEFT JOIN counted AS c ON c.failover_id = p.failover_id AND c.seq = p.seq
ORDER BY p.failover_id, p.seq;
