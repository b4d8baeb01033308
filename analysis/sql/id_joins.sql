-- Which entries of other proxies carry the request id of an entry, and may have been called by it?
-- Callers come before callees in this order: ingress and outbound sidecars, other gateways, east-west gateways (their
-- HTTP lines), waypoints, inbound sidecars; among equals the longer entry comes first. So links cannot go round in
-- circles. An ingress, or a gateway of another kind such as egress, is called only where the caller names its address.
-- internal
-- needs: attributed, upstream_endpoints, proxies
-- columns:
--   caller_id: hop_id of the entry that may have called.
--   callee_id: hop_id of the entry that may have been called.
--   caller_key: Number that stands for the calling proxy (a hash of cluster, gateway and proxy).
--   callee_key: Number that stands for the called proxy.
--   caller_rank: Place of the caller in the order.
--   callee_rank: Place of the callee in the order.
--   is_named: True where the caller's endpoint is the address at which the callee accepted the request.
--   start_gap_us: How much later the callee's entry began, each by its own clock (microseconds).
--   end_gap_us: How much later the callee's entry ended, each by its own clock.
--   caller_us: How long the caller's entry took.
--   callee_us: How long the callee's entry took.
--   callee_end: When the callee's entry ended (UTC).
--   pod: Who served the callee's entry: an inbound sidecar names the pod as its own address, any other proxy as its endpoint; NULL where that is a gateway again.
CREATE TABLE id_joins AS
WITH identified AS NOT MATERIALIZED (
    SELECT
        hop_id, request_id, endpoint, downstream_local_address, end_time,
        CASE
            WHEN role = 'sidecar_inbound' THEN downstream_local_address
            WHEN endpoint_kind NOT IN ('east_west_gateway', 'none') THEN endpoint
        END AS pod,
        hash(cluster_id, gateway, coalesce(proxy, source)) AS proxy_key,
        epoch_us(start_time) AS started, epoch_us(end_time) AS ended,
        CASE role
            WHEN 'ingress' THEN 0 WHEN 'sidecar_outbound' THEN 0 WHEN 'east_west' THEN 2 WHEN 'waypoint' THEN 3
            WHEN 'sidecar_inbound' THEN 4 ELSE 1
        END AS rank
    FROM attributed
    WHERE nullif(request_id, '') IS NOT NULL AND log_kind = 'http' AND start_time IS NOT NULL
), callees AS MATERIALIZED (
    SELECT * FROM identified
    SEMI JOIN (SELECT proxy_key FROM proxies WHERE is_called) AS p USING (proxy_key)
    WHERE rank >= 2 OR downstream_local_address IN (SELECT upstream_host FROM upstream_endpoints)
)
SELECT
    c.hop_id AS caller_id, s.hop_id AS callee_id, c.proxy_key AS caller_key, s.proxy_key AS callee_key,
    c.rank AS caller_rank, s.rank AS callee_rank,
    coalesce(c.endpoint = s.downstream_local_address, false) AS is_named,
    s.started - c.started AS start_gap_us, s.ended - c.ended AS end_gap_us,
    c.ended - c.started AS caller_us, s.ended - s.started AS callee_us,
    s.end_time AS callee_end, s.pod
FROM callees AS s
JOIN identified AS c
    ON c.request_id = s.request_id
    AND c.proxy_key <> s.proxy_key
    AND c.rank < 4
    AND (c.rank, s.ended - s.started, c.hop_id) < (s.rank, c.ended - c.started, s.hop_id)
WHERE s.rank >= 2 OR c.endpoint = s.downstream_local_address;
