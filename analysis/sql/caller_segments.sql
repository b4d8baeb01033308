-- Where did requests from an address go, at each time?
-- For every proxy, service, endpoint and own address the times are cut into pieces that do not overlap, so that each
-- request has at most one: the connection that must have carried it, or those that may have, or none yet.
-- A connection is pending where the log of a gateway behind the endpoint is held and covers its last use (from the
-- earliest start in the log to an hour after its last end: Envoy's idle timeout), and nothing shows that it is closed: no
-- later connection from the same address, no refused connection to the endpoint since.
-- internal
-- needs: caller_windows, caller_slots, east_west_connections, endpoint_gateways, keyed_log, entry_kinds
-- columns:
--   call_key: Number that stands for calling proxy, service, endpoint and own address.
--   from_us: Begin of the piece, by the caller's clock, in microseconds since 1970.
--   until_us: Its end, exclusive.
--   basis: exact, window (candidates only) or pending.
--   connection_id: hop_id of the connection, where it is exact.
--   pods: The pods: one where it is exact, else candidates.
--   is_hidden: True where no address of the proxy is seen by the gateway at all: something in between puts its own in their place.
CREATE TABLE caller_segments AS
WITH edges AS (
    SELECT DISTINCT call_key, unnest([may_from, must_from, must_until, may_until]) AS bound FROM caller_windows
), pieces AS (
    SELECT call_key, bound AS from_us, lead(bound) OVER (PARTITION BY call_key ORDER BY bound) AS until_us FROM edges
), answered AS (
    SELECT
        p.call_key, p.from_us, p.until_us,
        CASE
            WHEN count(*) = 1 AND bool_and(w.is_sound AND w.must_from <= p.from_us AND p.until_us <= w.must_until)
            THEN 'exact' ELSE 'window'
        END AS basis,
        min(w.connection_id) AS connection_id,
        list_sort(list(DISTINCT w.pod)) AS pods
    FROM pieces AS p
    JOIN caller_windows AS w
        ON w.call_key = p.call_key AND w.may_from < p.until_us AND w.may_until > p.from_us
    GROUP BY p.call_key, p.from_us, p.until_us
), logs AS (
    SELECT endpoint, min(log_begin) AS log_begin, max(log_end) AS log_end FROM endpoint_gateways GROUP BY endpoint
), refused_kinds AS (
    SELECT k.kind_key, k.cluster_id, k.upstream_host AS endpoint
    FROM entry_kinds AS k
    SEMI JOIN caller_slots AS s ON s.endpoint = k.upstream_host AND s.cluster_id IS NOT DISTINCT FROM k.cluster_id
    WHERE list_contains(k.response_flags, 'UF')
      AND (contains(lower(k.response_code_details), 'connection_refused')
           OR contains(lower(replace(k.upstream_transport_failure_reason, ' ', '_')), 'connection_refused'))
), refusals AS (
    SELECT k.cluster_id, k.endpoint, max(epoch_us(l.start_time) + coalesce(l.duration_ms, 0) * 1000) AS refused
    FROM keyed_log AS l
    JOIN refused_kinds AS k USING (kind_key)
    GROUP BY ALL
), reopened AS (
    SELECT caller_address AS address, max(opened) AS opened FROM east_west_connections GROUP BY caller_address
), calls AS (
    SELECT call_key, any_value(caller_key) AS caller_key, any_value(cluster_id) AS cluster_id,
           any_value(endpoint) AS endpoint, any_value(address) AS address, max(last_open) AS last_open
    FROM caller_slots
    GROUP BY call_key
), seen AS (
    SELECT DISTINCT c.caller_key, c.endpoint
    FROM calls AS c
    WHERE regexp_extract(c.address, '^(.*):[0-9]+$', 1) IN (
        SELECT regexp_extract(caller_address, '^(.*):[0-9]+$', 1) FROM east_west_connections
    )
), open_calls AS (
    SELECT
        c.call_key,
        greatest(coalesce(r.opened, 0), coalesce(f.refused, 0)) AS from_us,
        CASE WHEN c.last_open >= l.log_begin THEN l.log_end + 3600000000 ELSE 0 END AS until_us,
        s.endpoint IS NULL AS is_hidden
    FROM calls AS c
    JOIN logs AS l USING (endpoint)
    LEFT JOIN reopened AS r USING (address)
    LEFT JOIN refusals AS f ON f.cluster_id IS NOT DISTINCT FROM c.cluster_id AND f.endpoint = c.endpoint
    LEFT JOIN seen AS s ON s.caller_key = c.caller_key AND s.endpoint = c.endpoint
), gaps AS (
    SELECT call_key, until_us AS from_us,
           lead(from_us, 1, 9000000000000000000) OVER (PARTITION BY call_key ORDER BY from_us) AS until_us
    FROM (
        SELECT call_key, from_us, until_us FROM answered
        UNION ALL
        SELECT call_key, -1, 0 FROM open_calls
    )
)
SELECT call_key, from_us, until_us, basis, CASE WHEN basis = 'exact' THEN connection_id END AS connection_id, pods,
       false AS is_hidden
FROM answered
UNION ALL
SELECT call_key, greatest(g.from_us, o.from_us), least(g.until_us, o.until_us), 'pending', NULL, [], o.is_hidden
FROM gaps AS g
JOIN open_calls AS o USING (call_key)
WHERE greatest(g.from_us, o.from_us) < least(g.until_us, o.until_us);
