-- When did which proxy serve a service from another group, why, for how long, and what did it cost?
-- One row per failover of one proxy and one service. Every instant is an interval, because a log only shows requests:
-- the instant lies after x_earliest and not after x_latest; both are NULL when it did not happen. Durations are
-- intervals for the same reason. Requests count from first_request_at to last_request_at.
-- needs: judged_failovers, troubled
-- columns:
--   judged_failovers.* except route
--   time_to_spill_min_s: Seconds from onset to the first spill, at least.
--   time_to_spill_max_s: Seconds from onset to the first spill, at most.
--   time_to_full_failover_min_s: Seconds from onset to full failover, at least.
--   time_to_full_failover_max_s: Seconds from onset to full failover, at most.
--   time_on_secondary_min_s: Seconds from full failover to the first failback, at least.
--   time_on_secondary_max_s: Seconds from full failover to the first failback, at most.
--   time_to_failback_min_s: Seconds from the first failback to recovery, at least.
--   time_to_failback_max_s: Seconds from the first failback to recovery, at most.
--   requests: Requests of this proxy and service during the failover.
--   failed: Those that the caller lost through the upstream side.
--   served_by_secondary: Those that another group answered.
--   extra_wait_s: Seconds that users waited beyond what as many requests took on the primary in the five minutes before (by their mean), over all requests answered during the failover; NULL without any before.
--   bytes_to_secondary: Bytes of body that crossed to another group and back during the failover.
--   p50_ms_before: Median duration on the primary in the five minutes before, in milliseconds.
--   p95_ms_before: 95th percentile of the same.
--   p99_ms_before: 99th percentile of the same.
--   p50_ms_during: Median duration of what the secondary answered during the failover, in milliseconds.
--   p95_ms_during: 95th percentile of the same.
--   p99_ms_during: 99th percentile of the same.
--   p50_ms_after: Median duration on the primary in the five minutes after, in milliseconds.
--   p95_ms_after: 95th percentile of the same.
--   p99_ms_after: 99th percentile of the same.
CREATE TABLE failovers AS
WITH counted AS (
    SELECT
        f.failover_id,
        count(*) FILTER (during) AS requests,
        count(*) FILTER (during AND r.failed) AS failed,
        count(*) FILTER (during AND r.group_role = 'secondary' AND NOT r.failed) AS served_by_secondary,
        (
            sum(r.duration_ms) FILTER (during AND NOT r.failed AND NOT r.pinned)
            - count(r.duration_ms) FILTER (during AND NOT r.failed AND NOT r.pinned)
            * avg(r.duration_ms) FILTER (
                r.start_time < f.first_request_at AND r.group_role = 'primary' AND NOT r.failed AND NOT r.pinned
            )
        ) / 1000 AS extra_wait_s,
        coalesce(sum(r.bytes) FILTER (during AND r.group_role = 'secondary'), 0)::BIGINT AS bytes_to_secondary,
        quantile_cont(r.duration_ms, [0.5, 0.95, 0.99]) FILTER (
            r.start_time < f.first_request_at AND r.group_role = 'primary' AND NOT r.failed AND NOT r.pinned
        ) AS before_ms,
        quantile_cont(r.duration_ms, [0.5, 0.95, 0.99]) FILTER (
            during AND r.group_role = 'secondary' AND NOT r.failed AND NOT r.pinned
        ) AS during_ms,
        quantile_cont(r.duration_ms, [0.5, 0.95, 0.99]) FILTER (
            r.start_time > f.last_request_at AND r.group_role = 'primary' AND NOT r.failed AND NOT r.pinned
        ) AS after_ms
    -- By the hour as well, so that many failovers of one route do not each go through all of its requests.
    FROM (
        SELECT *, unnest(range(
            epoch_us(first_request_at - INTERVAL 5 MINUTE) // 3600000000,
            epoch_us(last_request_at + INTERVAL 5 MINUTE) // 3600000000 + 1
        )) AS hour
        FROM judged_failovers
    ) AS f
    JOIN troubled AS r
        ON r.route = f.route AND epoch_us(r.start_time) // 3600000000 = f.hour
        AND r.start_time >= f.first_request_at - INTERVAL 5 MINUTE
        AND r.start_time <= f.last_request_at + INTERVAL 5 MINUTE,
    LATERAL (SELECT r.start_time BETWEEN f.first_request_at AND f.last_request_at AS during)
    GROUP BY f.failover_id
)
SELECT
    f.* EXCLUDE (route),
    CASE WHEN spill_s < 0 THEN 0 ELSE spill_s END AS time_to_spill_min_s,
    (epoch_us(first_spill_latest) - epoch_us(onset_earliest)) / 1e6 AS time_to_spill_max_s,
    CASE WHEN full_s < 0 THEN 0 ELSE full_s END AS time_to_full_failover_min_s,
    (epoch_us(full_failover_latest) - epoch_us(onset_earliest)) / 1e6 AS time_to_full_failover_max_s,
    CASE WHEN away_s < 0 THEN 0 ELSE away_s END AS time_on_secondary_min_s,
    (epoch_us(first_failback_latest) - epoch_us(full_failover_earliest)) / 1e6 AS time_on_secondary_max_s,
    CASE WHEN back_s < 0 THEN 0 ELSE back_s END AS time_to_failback_min_s,
    (epoch_us(recovered_latest) - epoch_us(first_failback_earliest)) / 1e6 AS time_to_failback_max_s,
    coalesce(c.requests, 0) AS requests,
    coalesce(c.failed, 0) AS failed,
    coalesce(c.served_by_secondary, 0) AS served_by_secondary,
    c.extra_wait_s,
    coalesce(c.bytes_to_secondary, 0) AS bytes_to_secondary,
    c.before_ms[1] AS p50_ms_before, c.before_ms[2] AS p95_ms_before, c.before_ms[3] AS p99_ms_before,
    c.during_ms[1] AS p50_ms_during, c.during_ms[2] AS p95_ms_during, c.during_ms[3] AS p99_ms_during,
    c.after_ms[1] AS p50_ms_after, c.after_ms[2] AS p95_ms_after, c.after_ms[3] AS p99_ms_after
FROM judged_failovers AS f
LEFT JOIN counted AS c USING (failover_id),
-- Intervals that overlap would give a negative least duration; a duration that did not happen stays NULL.
LATERAL (
    SELECT
        (epoch_us(first_spill_earliest) - epoch_us(onset_latest)) / 1e6 AS spill_s,
        (epoch_us(full_failover_earliest) - epoch_us(onset_latest)) / 1e6 AS full_s,
        (epoch_us(first_failback_earliest) - epoch_us(full_failover_latest)) / 1e6 AS away_s,
        (epoch_us(recovered_earliest) - epoch_us(first_failback_latest)) / 1e6 AS back_s
)
ORDER BY f.failover_id;
