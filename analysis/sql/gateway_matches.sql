-- Which connection of an east-west gateway may have carried each request?
-- The caller's upstream_local_address is the gateway's downstream_remote_address, the connection was open when the
-- request ended, and both name the same service. Two clusters can present the same address: then no match is sure.
-- internal
-- needs: attributed
-- columns:
--   caller_id: hop_id of the request.
--   callee_id: hop_id of the connection.
--   upstream_host: Pod to which the connection led.
--   matches: How many connections match the request.
--   caller_clusters: How many clusters have requests that match the connection.
CREATE TABLE gateway_matches AS
WITH gateway_connections AS (
    SELECT hop_id, service, service_port, downstream_remote_address, start_time, end_time, upstream_host
    FROM attributed
    WHERE role = 'east_west' AND log_kind = 'tcp' AND downstream_remote_address IS NOT NULL
)
SELECT
    c.hop_id AS caller_id,
    g.hop_id AS callee_id,
    g.upstream_host,
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
WHERE c.role <> 'east_west' AND c.endpoint_kind = 'east_west_gateway';
