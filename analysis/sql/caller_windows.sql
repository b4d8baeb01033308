-- When may, and when must, requests from an address have gone through a connection of an east-west gateway?
-- With the offset of the clocks known as an interval, a connection may have carried what fits any offset in it, and must
-- have carried what fits every one.
-- internal
-- needs: address_joins, caller_slots, east_west_connections, clock_skews, proxies
-- columns:
--   call_key: Number that stands for calling proxy, service, endpoint and own address.
--   connection_id: hop_id of the connection.
--   pod: ip:port to which it led.
--   may_from: From here on it may have carried requests, by the caller's clock, in microseconds since 1970.
--   may_until: Until here, exclusive.
--   must_from: From here on it must have.
--   must_until: Until here, exclusive.
--   is_sound: False where another connection may have been the caller's: callers of two clusters fit this one (their networks overlap); or more than one in five connections from the caller's IP carried nothing that it logged (somebody else has the same IP); or the address was in use within two seconds before or after, on no connection that is held.
CREATE TABLE caller_windows AS
WITH joins AS (
    SELECT
        j.*,
        k.offset_min_ms * 1000 AS low,
        k.offset_max_ms * 1000 AS high,
        c.may_go_on,
        j.offset_low_us <= k.offset_max_ms * 1000 AND j.offset_high_us >= k.offset_min_ms * 1000 AS fits
    FROM address_joins AS j
    JOIN east_west_connections AS c USING (connection_id)
    JOIN clock_skews AS k ON k.basis = 'exact' AND k.caller_key = j.caller_key AND k.callee_key = j.gateway_key
), marked AS (
    SELECT
        *,
        count(*) FILTER (fits) OVER (PARTITION BY call_key, slot) - fits::INTEGER AS other_fits,
        low - offset_high_us AS late_us,
        offset_low_us - high AS early_us
    FROM joins
), pairs AS (
    SELECT
        call_key, caller_key, connection_id, any_value(low) AS low, any_value(high) AS high,
        bool_or(other_fits = 0 AND (late_us BETWEEN 1 AND 2000000 AND NOT may_go_on OR early_us BETWEEN 1 AND 2000000)) AS has_strays
    FROM marked
    GROUP BY ALL
    HAVING bool_or(fits)
), rivals AS (
    SELECT connection_id
    FROM pairs AS q
    JOIN proxies AS p ON p.proxy_key = q.caller_key
    GROUP BY connection_id
    HAVING count(DISTINCT coalesce(p.cluster_id, p.proxy_key::VARCHAR)) > 1
), sources AS (
    SELECT regexp_extract(address, '^(.*):[0-9]+$', 1) AS ip, min(first_open) AS first_open, max(last_open) AS last_open
    FROM caller_slots
    GROUP BY ip
), shared AS (
    SELECT s.ip
    FROM sources AS s
    JOIN east_west_connections AS c
        ON regexp_extract(c.caller_address, '^(.*):[0-9]+$', 1) = s.ip
        AND c.opened >= s.first_open AND c.closed <= s.last_open
    LEFT JOIN (SELECT DISTINCT connection_id FROM pairs) AS q USING (connection_id)
    GROUP BY s.ip
    HAVING count(*) FILTER (q.connection_id IS NULL) > 0.2 * count(*)
)
SELECT
    q.call_key, q.connection_id, c.pod,
    c.opened - q.high - 2000 AS may_from,
    c.closed - q.low + 252001 AS may_until,
    c.opened - q.low - 2000 AS must_from,
    -- Where it may have gone on, what came just after its last line was still on it.
    CASE WHEN c.may_go_on THEN c.closed - q.low ELSE c.closed - q.high END + 252001 AS must_until,
    NOT q.has_strays AND r.connection_id IS NULL AND s.ip IS NULL AS is_sound
FROM pairs AS q
JOIN east_west_connections AS c USING (connection_id)
LEFT JOIN rivals AS r USING (connection_id)
LEFT JOIN shared AS s ON s.ip = regexp_extract(c.caller_address, '^(.*):[0-9]+$', 1);
