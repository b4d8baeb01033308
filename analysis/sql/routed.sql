-- Where was each request of a known service sent, and how did it end?
-- internal
-- needs: slim_requests
-- columns:
--   route: Number that stands for proxy and service (a hash of proxy, service, port and subset).
--   kind: Number of its kind.
--   cluster_id: Kubernetes cluster of the proxy.
--   gateway: Workload of the proxy.
--   proxy: Replica.
--   upstream_cluster: Envoy cluster, as logged.
--   role: What kind of proxy it is: ingress, sidecar_outbound, waypoint, ztunnel or unknown.
--   service: Host of the service.
--   service_port: Port of the service.
--   subset: Subset; NULL if none.
--   hop_id: Number of the entry.
--   start_time: When the request began (UTC).
--   end_time: When it ended (UTC).
--   duration_ms: How long it took, in milliseconds.
--   bytes: Bytes of body received and sent.
--   endpoint: Address of the endpoint, as logged.
--   endpoint_group: Endpoint group it belongs to.
--   group_role: primary, secondary, none or unknown.
--   outcome: How it ended.
--   failed: True where the caller lost it through the upstream side.
--   stalled: True where the client left after waiting a second or more.
--   pinned: True for a stream longer than 10 minutes.
--   flags: Response flags of a failed or stalled request, joined with commas; NULL for others.
--   details: Response code details of a failed or stalled request; NULL for others.
--   transport_reason: Transport failure of a failed or stalled request; NULL for others.
CREATE VIEW routed AS
SELECT
    route, kind, cluster_id, gateway, proxy, upstream_cluster, role, service, service_port, subset,
    hop_id, start_time, end_time, duration_ms, bytes, upstream_host AS endpoint, endpoint_group, group_role, outcome, failed,
    stalled, pinned,
    CASE WHEN failed OR stalled THEN flags END AS flags,
    CASE WHEN failed OR stalled THEN response_code_details END AS details,
    CASE WHEN failed OR stalled THEN upstream_transport_failure_reason END AS transport_reason
FROM slim_requests
WHERE start_time IS NOT NULL AND service IS NOT NULL AND role NOT IN ('east_west', 'sidecar_inbound');
