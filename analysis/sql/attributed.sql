-- Which service was asked for, which endpoint got the request, and how did it end?
-- The first step of hops: all that one entry says by itself, before entries of several proxies are joined.
-- A row stands for one entry. Times are when the request began; end_time is start_time + duration_ms.
-- internal
-- needs: keyed_log, attributed_kinds, pods
-- columns:
--   access_log.*
--   hop_id: Number of the entry, unique within a session and ordered by source and line.
--   direction: outbound, inbound or inbound-vip, from the cluster name, or as a ztunnel says it.
--   service_port: Port of the service.
--   subset: Subset of the DestinationRule; NULL if none.
--   service: Host of the service: from the cluster name, else the SNI, else the authority where that is always the same.
--   endpoint: The upstream address as logged: that of the last attempt.
--   endpoint_ip: IP address in it.
--   endpoint_port: Port in it.
--   endpoint_kind: pod, east_west_gateway, external, internal, none (no upstream was chosen) or unknown.
--   endpoint_cluster: Kubernetes cluster the endpoint lives in; NULL where nothing says so.
--   network: Istio network the endpoint lives in.
--   region: Region of the endpoint's locality.
--   zone: Zone of the endpoint's locality.
--   subzone: Sub-zone of the endpoint's locality.
--   workload: Workload or pod name of the endpoint.
--   endpoint_basis: How that is known: inventory, config, gateway_log, port, hop or none.
--   endpoint_group: Cluster or network that the endpoint belongs to, such as cluster1; NULL where none was chosen or nothing tells.
--   end_time: When the request ended (UTC): start_time + duration_ms, both floored to the millisecond by Envoy; of a ztunnel, whose lines bear the time of their writing, that time.
--   outcome: How it ended, by flags first: ok, client_error, client_gone, upstream_error, upstream_unreachable, timeout, no_healthy_upstream, overflow, no_route, rejected_by_policy, rate_limited, fault_injected, protocol_error or unknown.
--   failed: True where the caller lost it through the upstream side.
--   stalled: True where the client left after waiting a second or more without any answer: what a frozen endpoint looks like before its connections time out.
--   pinned: True for a stream longer than 10 minutes: it says nothing about routing now, and is left out of percentiles.
--   kind: Number of its kind in attributed_kinds.
CREATE VIEW attributed AS
SELECT
    j.* EXCLUDE (asked_name, asked_authority, tunnel, kind_key),
    k.source_number * 1099511627776 + j.line AS hop_id,
    k.direction, k.service_port, k.subset, k.service,
    j.upstream_host AS endpoint,
    k.endpoint_ip, k.endpoint_port, k.endpoint_kind, k.endpoint_cluster,
    coalesce(k.network, p.network) AS network,
    coalesce(k.region, p.region) AS region,
    CASE WHEN k.region IS NULL OR k.region = p.region THEN coalesce(k.zone, p.zone) ELSE k.zone END AS zone,
    CASE WHEN k.region IS NULL OR k.region = p.region THEN coalesce(k.subzone, p.subzone) ELSE k.subzone END AS subzone,
    coalesce(k.workload, p.workload, k.tunnel.workload) AS workload,
    k.endpoint_basis, k.endpoint_group,
    -- In microseconds: adding an interval to a TIMESTAMPTZ asks the calendar, which takes ten times as long.
    make_timestamptz(epoch_us(j.start_time) + CASE WHEN k.role = 'ztunnel' THEN 0 ELSE coalesce(j.duration_ms, 0) * 1000 END)
        AS end_time,
    k.outcome, k.failed,
    k.may_stall AND coalesce(j.duration_ms >= 1000, false) AS stalled,
    coalesce(j.duration_ms > 600000, false) AS pinned,
    k.kind
FROM keyed_log AS j
JOIN attributed_kinds AS k USING (kind_key)
LEFT JOIN pods AS p
    ON p.address = k.endpoint_ip AND p.cluster_id = k.housed_cluster
    AND (p.valid_from IS NULL OR j.start_time >= p.valid_from)
    AND (p.valid_until IS NULL OR j.start_time < p.valid_until);
