-- How far apart are the clocks of two proxies, by what both logged?
-- The offset is how far the callee's clock is ahead of the caller's, and is known as an interval: each join by itself
-- leaves an interval (a request lies within its connection; what was called lies within the call), and here stand the
-- offsets that most joins allow. An offset of more than 250 ms is believed where three joins agree on it (three
-- connections, for exact): one coincidence is no proof of a wrong clock. Where fewer do, request ids are read as if the
-- clocks agreed, and connections as if the offset were anything from 0 to that one. Of several intervals that
-- equally many joins allow it is the one around 0, else all of them with what lies between.
-- needs: address_joins, id_joins, proxies
-- columns:
--   cluster_id: Kubernetes cluster of the caller.
--   gateway: Workload of the caller.
--   proxy: Replica, or its file where nothing names it.
--   callee_cluster_id: Kubernetes cluster of the callee.
--   callee_gateway: Workload of the callee.
--   callee_proxy: Replica, or its file where nothing names it.
--   basis: exact (connections of an east-west gateway, joined by address) or request_id (the callee logged the same id).
--   offset_min_ms: At least so many milliseconds is the callee's clock ahead; negative where it is behind.
--   offset_max_ms: At most so many.
--   joins: Joins that agree with it: connections (exact) or requests.
--   conflicts: Joins that do not.
--   caller_key: Number that stands for the caller.
--   callee_key: Number that stands for the callee.
CREATE TABLE clock_skews AS
WITH votes AS (
    SELECT 'exact' AS basis, caller_key, gateway_key AS callee_key,
           greatest(-30000, ceil(offset_low_us / 1000)::BIGINT) AS low,
           least(30000, floor(offset_high_us / 1000)::BIGINT) AS high, count(*) AS weight
    FROM address_joins
    GROUP BY ALL
    UNION ALL
    -- A call that ended before what it called (a timeout) bounds nothing at its end.
    SELECT 'request_id', caller_key, callee_key, ceil((end_gap_us - 2000) / 1000)::BIGINT,
           floor((start_gap_us + 2000) / 1000)::BIGINT, count(*)
    FROM id_joins
    WHERE callee_us <= caller_us
    GROUP BY ALL
), events AS (
    SELECT basis, caller_key, callee_key, bound, sum(change) AS change
    FROM (
        SELECT basis, caller_key, callee_key, low AS bound, weight AS change FROM votes WHERE low <= high
        UNION ALL
        SELECT basis, caller_key, callee_key, high + 1, -weight FROM votes WHERE low <= high
        UNION ALL
        -- 0 is always a boundary, so that the offset 0 can be told from its neighbours.
        SELECT DISTINCT basis, caller_key, callee_key, unnest([0, 1]), 0 FROM votes
    )
    GROUP BY ALL
), depths AS (
    SELECT
        basis, caller_key, callee_key, bound AS low, lead(bound) OVER pair - 1 AS high, sum(change) OVER pair AS depth
    FROM events
    WINDOW pair AS (PARTITION BY basis, caller_key, callee_key ORDER BY bound)
), deepest AS (
    SELECT *, max(depth) OVER (PARTITION BY basis, caller_key, callee_key) AS most FROM depths WHERE high IS NOT NULL
), islands AS (
    SELECT *, sum((depth < most)::INTEGER) OVER (PARTITION BY basis, caller_key, callee_key ORDER BY low) AS island
    FROM deepest
), regions AS (
    SELECT basis, caller_key, callee_key, min(low) AS low, max(high) AS high, any_value(most) AS most
    FROM islands
    WHERE depth = most
    GROUP BY basis, caller_key, callee_key, island
), chosen AS (
    -- Offsets that explain equally many joins are equally possible, but clocks that agree are the rule.
    SELECT
        basis, caller_key, callee_key,
        coalesce(min(low) FILTER (low <= 250 AND high >= -250), min(low)) AS low,
        coalesce(max(high) FILTER (low <= 250 AND high >= -250), max(high)) AS high
    FROM regions
    GROUP BY ALL
), joined AS (
    SELECT 'exact' AS basis, caller_key, gateway_key AS callee_key, connection_id AS join_id,
           offset_low_us / 1000 AS low, offset_high_us / 1000 AS high
    FROM address_joins
    UNION ALL
    SELECT 'request_id', caller_key, callee_key, callee_id, (end_gap_us - 2000) / 1000, (start_gap_us + 2000) / 1000
    FROM id_joins
    WHERE callee_us <= caller_us
), judged AS (
    -- What counts as one join: a connection that may have carried anything at such an offset, or a request.
    SELECT c.basis, c.caller_key, c.callee_key, c.low, c.high, j.join_id,
           bool_or(j.low <= c.high AND j.high >= c.low) AS agrees
    FROM chosen AS c
    JOIN joined AS j USING (basis, caller_key, callee_key)
    GROUP BY ALL
), agreed AS (
    SELECT basis, caller_key, callee_key, low, high, count(*) FILTER (agrees) AS joins,
           count(*) FILTER (NOT agrees) AS conflicts
    FROM judged
    GROUP BY ALL
)
SELECT
    c.cluster_id, c.gateway, c.proxy, s.cluster_id AS callee_cluster_id, s.gateway AS callee_gateway,
    s.proxy AS callee_proxy, a.basis,
    CASE
        WHEN a.joins >= 3 OR greatest(a.low, -a.high) <= 250 THEN a.low
        WHEN a.basis = 'exact' THEN least(a.low, 0) ELSE 0
    END AS offset_min_ms,
    CASE
        WHEN a.joins >= 3 OR greatest(a.low, -a.high) <= 250 THEN a.high
        WHEN a.basis = 'exact' THEN greatest(a.high, 0) ELSE 0
    END AS offset_max_ms,
    a.joins, a.conflicts, a.caller_key, a.callee_key
FROM agreed AS a
JOIN proxies AS c ON c.proxy_key = a.caller_key
JOIN proxies AS s ON s.proxy_key = a.callee_key
ORDER BY ALL;
