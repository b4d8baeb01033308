-- Which entry led to which: who called whom?
-- exact: the caller's upstream_local_address is the east-west gateway's downstream_remote_address, the connection was
-- open when the request ended, and both name the same service; where two connections match, neither is linked.
-- request_id: the callee logged the caller's request id, within the time of the caller's request.
-- needs: attributed, gateway_matches
-- columns:
--   caller_id: hop_id of the entry that called.
--   callee_id: hop_id of the entry that was called.
--   basis: exact or request_id.
CREATE TABLE hop_links AS
WITH identified AS (
    SELECT hop_id, request_id, start_time, end_time, proxy, role
    FROM attributed
    WHERE nullif(request_id, '') IS NOT NULL AND log_kind = 'http'
)
SELECT caller_id, callee_id, 'exact' AS basis
FROM gateway_matches
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
