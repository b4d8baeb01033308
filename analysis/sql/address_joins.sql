-- Which connections of east-west gateways may belong to the addresses that callers spoke from?
-- The caller's own address is what the gateway saw as its caller, both name the same service, and their times are at
-- most 30 seconds apart: clocks may differ. Where the endpoint is an address at which a gateway whose log is held
-- accepted connections, it is the one at which this connection came in. Each row bounds how far the gateway's clock can be
-- ahead of the caller's, if they belong together: the connection began before a request on it ended, and ended after it
-- (starts and durations are floored to the millisecond, and an end may travel half round the world, 250 ms). Where no
-- one connection can have carried all requests of a slot, its requests are looked at one by one.
-- internal
-- needs: caller_slots, gateway_callers, east_west_connections
-- columns:
--   call_key: Number that stands for calling proxy, service, endpoint and own address.
--   caller_key: Number that stands for the calling proxy.
--   gateway_key: Number that stands for the replica of the east-west gateway.
--   connection_id: hop_id of the connection.
--   slot: The ten seconds of the caller's requests, or the microsecond of one.
--   offset_low_us: At least so far the gateway's clock is ahead (microseconds).
--   offset_high_us: At most so far.
CREATE TABLE address_joins AS
WITH listeners AS (
    SELECT DISTINCT listener FROM east_west_connections WHERE listener IS NOT NULL
), paired AS (
    SELECT DISTINCT
        s.call_key, s.caller_key, c.gateway_key, c.connection_id, c.opened, c.closed,
        -- What may still be open bounds nothing at its end.
        coalesce(c.closed_by, c.closed + 3600000000) AS closed_by
    FROM (SELECT DISTINCT call_key, caller_key, service, service_port, endpoint, address FROM caller_slots) AS s
    LEFT JOIN listeners AS l ON l.listener = s.endpoint
    JOIN east_west_connections AS c
        ON c.caller_address = s.address
        AND c.service = s.service
        AND c.service_port IS NOT DISTINCT FROM s.service_port
        AND (l.listener IS NULL OR c.listener = l.listener)
), coarse AS (
    SELECT
        p.*, s.slot, p.opened - s.first_open - 2000 AS offset_low_us, p.closed_by - s.last_open + 252000 AS offset_high_us
    FROM caller_slots AS s
    JOIN paired AS p
        ON p.call_key = s.call_key
        AND p.opened - s.last_open <= 30000000
        AND s.first_open - p.closed <= 30000000
), mixed AS (
    SELECT DISTINCT call_key, slot FROM coarse WHERE offset_low_us > offset_high_us
), fine AS (
    SELECT DISTINCT
        p.*, g.open_at AS slot, p.opened - g.open_at - 2000 AS offset_low_us,
        p.closed_by - g.open_at + 252000 AS offset_high_us
    FROM gateway_callers AS g
    JOIN mixed AS m ON m.call_key = g.call_key AND m.slot = g.open_at // 10000000
    JOIN paired AS p
        ON p.call_key = g.call_key
        AND p.opened - g.open_at <= 30000000
        AND g.open_at - p.closed <= 30000000
)
SELECT call_key, caller_key, gateway_key, connection_id, slot, offset_low_us, offset_high_us
FROM coarse
ANTI JOIN mixed USING (call_key, slot)
UNION ALL
SELECT call_key, caller_key, gateway_key, connection_id, slot, offset_low_us, offset_high_us
FROM fine;
