-- Which service was asked for, and what is the address that the request was sent to?
-- What one entry says of its way, without how it ended.
-- internal
-- needs: access_log, source_numbers, cluster_names, endpoint_groups, authority_services, pods, ztunnel_connections
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
--   no_host: True with UH: Envoy leaves the address of the failed attempt on such a line, but nobody got the request.
--   endpoint_kind: pod, east_west_gateway, external, internal or unknown; NULL where no address is logged.
--   endpoint_cluster: Kubernetes cluster the endpoint lives in; NULL where nothing says so.
--   network: Istio network the endpoint lives in.
--   region: Region of the endpoint's locality.
--   zone: Zone of the endpoint's locality.
--   subzone: Sub-zone of the endpoint's locality.
--   workload: Workload or pod name of the endpoint.
--   endpoint_basis: How that is known: inventory, config, gateway_log, port, hop or none.
--   endpoint_group: Cluster or network that the endpoint belongs to, such as cluster1; NULL where none was chosen or nothing tells.
--   ztunnel_outcome: How a ztunnel's connection ended; NULL for other proxies.
--   end_time: When the request ended (UTC): start_time + duration_ms, both floored to the millisecond by Envoy; of a ztunnel, whose lines bear the time of their writing, that time.
CREATE VIEW placed AS
SELECT
    j.*,
    s.source_number * 1099511627776 + j.line AS hop_id,
    coalesce(c.direction, z.direction) AS direction,
    coalesce(c.service_port, n.service_port, h.service_port, z.service_port) AS service_port,
    coalesce(c.subset, CASE WHEN c.service IS NULL THEN n.subset END) AS subset,
    coalesce(c.service, n.service, h.service, z.service) AS service,
    j.upstream_host AS endpoint,
    e.endpoint_ip,
    e.endpoint_port,
    list_contains(j.response_flags, 'UH') AS no_host,
    -- Before hbone_addr was logged, an inbound line still names its own pod.
    CASE WHEN e.endpoint_kind = 'unknown' AND (z.pod IS NOT NULL OR z.direction = 'inbound') THEN 'pod' ELSE e.endpoint_kind END AS endpoint_kind,
    e.endpoint_cluster,
    coalesce(e.network, p.network) AS network,
    coalesce(e.region, p.region) AS region,
    CASE WHEN e.region IS NULL OR e.region = p.region THEN coalesce(e.zone, p.zone) ELSE e.zone END AS zone,
    CASE WHEN e.region IS NULL OR e.region = p.region THEN coalesce(e.subzone, p.subzone) ELSE e.subzone END AS subzone,
    coalesce(e.workload, p.workload, z.workload) AS workload,
    e.endpoint_basis,
    e.endpoint_group,
    z.outcome AS ztunnel_outcome,
    CASE WHEN z.hop_id IS NULL THEN j.start_time + to_milliseconds(coalesce(j.duration_ms, 0)) ELSE z.end_time END AS end_time
FROM access_log AS j
JOIN source_numbers AS s ON s.source = j.source
LEFT JOIN ztunnel_connections AS z ON z.hop_id = s.source_number * 1099511627776 + j.line
LEFT JOIN cluster_names AS c ON c.upstream_cluster = j.upstream_cluster
LEFT JOIN cluster_names AS n ON n.upstream_cluster = j.requested_server_name AND c.service IS NULL
LEFT JOIN authority_services AS h ON h.authority = j.authority AND c.service IS NULL AND n.service IS NULL
LEFT JOIN endpoint_groups AS e
    ON e.cluster_id IS NOT DISTINCT FROM j.cluster_id
    AND e.upstream_cluster IS NOT DISTINCT FROM j.upstream_cluster
    AND e.upstream_host = j.upstream_host
LEFT JOIN pods AS p
    ON p.address = e.endpoint_ip AND p.cluster_id = e.endpoint_cluster AND e.endpoint_kind <> 'east_west_gateway'
    AND (p.valid_from IS NULL OR j.start_time >= p.valid_from)
    AND (p.valid_until IS NULL OR j.start_time < p.valid_until);
