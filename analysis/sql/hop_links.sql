-- Which entry led to which: who called whom?
-- exact: the caller's upstream_local_address is the east-west gateway's downstream_remote_address, the connection was
-- open when the request ended, and both name the same service; where two connections match, neither is linked.
-- request_id: the callee logged the caller's request id, within the time of the caller's request.
-- needs: attributed
-- columns:
--   caller_id: hop_id of the entry that called.
--   callee_id: hop_id of the entry that was called.
--   basis: exact or request_id.
CREATE TABLE hop_links AS
WITH gateway_connections AS (
    SELECT hop_id, service, service_port, downstream_remote_address, start_time, end_time, upstream_host
    FROM attributed
    WHERE role = 'east_west' AND log_kind = 'tcp' AND downstream_remote_address IS NOT NULL
), joined AS (
    SELECT
        c.hop_id AS caller_id,
        g.hop_id AS callee_id,
        count(*) OVER (PARTITION BY c.hop_id) AS matches,
        count(DISTINCT c.cluster_id) OVER (PARTITION BY g.hop_id) AS caller_clusters
    FROM attributed AS c
    JOIN gateway_connections AS g
        ON g.downstream_remote_address = c.upstream_local_address
        AND g.service = c.service
        AND g.service_port IS NOT DISTINCT FROM c.service_port
        -- Starts and durations are floored to the millisecond, and the gateway may log its end a little earlier.
        AND g.start_time <= c.end_time + INTERVAL 2 MILLISECOND
        AND g.end_time >= c.end_time - INTERVAL 10 MILLISECOND
    WHERE c.role <> 'east_west' AND c.endpoint_kind = 'east_west_gateway'
), identified AS (
    SELECT hop_id, request_id, start_time, end_time, proxy, role
    FROM attributed
    WHERE nullif(request_id, '') IS NOT NULL AND log_kind = 'http'
)
SELECT caller_id, callee_id, 'exact' AS basis
FROM joined
WHERE matches = 1 AND caller_clusters <= 1
UNION ALL
SELECT c.hop_id, s.hop_id, 'request_id'
FROM identified AS c
JOIN identified AS s
    ON s.request_id = c.request_id
    AND s.hop_id <> c.hop_id
    AND s.proxy IS DISTINCT FROM c.proxy
    AND s.role IN ('sidecar_inbound', 'waypoint')
    AND c.role NOT IN ('sidecar_inbound', 'waypoint')
    AND s.start_time >= c.start_time - INTERVAL 10 MILLISECOND
    AND s.start_time <= c.end_time + INTERVAL 10 MILLISECOND;
