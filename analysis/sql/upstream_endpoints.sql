-- What is each upstream address that a proxy sent requests to, and how is that known?
-- Knowledge is taken in the order of its strength: the inventory, then the networks that the user named, then gateways
-- whose own logs we hold, then the well-known ports 15443 (east-west TLS passthrough) and 15008 (HBONE). A list of pods
-- places an address in the caller's cluster where that has such a pod; in another one only where it is the only one, and a
-- list of the caller's cluster is held that has not.
-- internal
-- needs: entry_kinds, cluster_names, declared_endpoints, gateway_addresses, network_matches, pods
-- columns:
--   cluster_id: Kubernetes cluster of the proxy that used the address: addresses are not global.
--   upstream_cluster: Envoy cluster through which it was used.
--   upstream_host: The address as logged.
--   endpoint_ip: IP address in it, without brackets; NULL if it has none.
--   endpoint_port: Port in it.
--   endpoint_kind: pod, east_west_gateway, external, internal or unknown.
--   endpoint_cluster: Kubernetes cluster that it lives in, as far as something says so.
--   network: Istio network that it lives in.
--   region: Region of its locality.
--   zone: Zone of its locality.
--   subzone: Sub-zone of its locality.
--   workload: Workload or pod name.
--   endpoint_basis: inventory, config, gateway_log, port or none.
CREATE TABLE upstream_endpoints AS
WITH used AS (
    SELECT DISTINCT cluster_id, upstream_cluster, upstream_host
    FROM entry_kinds
    WHERE upstream_host IS NOT NULL
), addressed AS (
    -- tcp:// is how Envoy printed hosts before 1.5; envoy://listener/ip:port is an internal listener's way to ip:port.
    SELECT *, regexp_replace(upstream_host, '^(tcp://|envoy://[^/]*/)', '') AS address FROM used
), split AS (
    SELECT
        *,
        nullif(regexp_extract(address, '^\[?([^\[\]]*?)\]?:[0-9]+$', 1), '') AS endpoint_ip,
        TRY_CAST(regexp_extract(address, ':([0-9]+)$', 1) AS INTEGER) AS endpoint_port
    FROM addressed
), listed AS (
    SELECT address, list(DISTINCT cluster_id) AS clusters FROM pods WHERE cluster_id IS NOT NULL GROUP BY address
), lists AS (
    SELECT DISTINCT cluster_id FROM pods WHERE cluster_id IS NOT NULL
), housed AS (
    SELECT
        s.*,
        CASE
            WHEN list_contains(p.clusters, s.cluster_id) THEN s.cluster_id
            WHEN len(p.clusters) = 1 AND l.cluster_id IS NOT NULL THEN p.clusters[1]
        END AS pod_cluster
    FROM split AS s
    LEFT JOIN listed AS p ON p.address = s.endpoint_ip
    LEFT JOIN lists AS l ON l.cluster_id = s.cluster_id
), known AS (
    SELECT
        s.*,
        d.endpoint AS declared, d.known_to_envoy, d.is_gateway, d.workload AS declared_workload,
        n.is_gateway AS is_network_gateway,
        g.address AS gateway_address, g.cluster_id AS gateway_cluster, g.gateway,
        d.endpoint_cluster AS declared_cluster, d.network AS declared_network, d.region AS declared_region,
        d.zone AS declared_zone, d.subzone AS declared_subzone,
        n.endpoint_cluster AS network_cluster, n.network AS network_name, n.region AS network_region,
        n.zone AS network_zone,
        c.direction, c.service
    FROM housed AS s
    LEFT JOIN cluster_names AS c ON c.upstream_cluster = s.upstream_cluster
    LEFT JOIN declared_endpoints AS d
        ON d.service = c.service AND d.service_port IS NOT DISTINCT FROM c.service_port AND d.endpoint = s.address
    LEFT JOIN network_matches AS n
        ON n.cluster_id IS NOT DISTINCT FROM s.cluster_id AND n.upstream_host = s.upstream_host
    LEFT JOIN gateway_addresses AS g ON g.address = s.address
)
SELECT
    cluster_id,
    upstream_cluster,
    upstream_host,
    endpoint_ip,
    endpoint_port,
    CASE
        WHEN endpoint_ip IS NULL OR starts_with(upstream_host, 'unix:') THEN
            CASE WHEN starts_with(upstream_host, 'envoy://') THEN 'internal' ELSE 'unknown' END
        WHEN gateway_address IS NOT NULL OR endpoint_port = 15443 OR is_gateway OR is_network_gateway
        THEN 'east_west_gateway'
        -- A ServiceEntry may name any address: a pod's, a virtual machine's, a stranger's.
        WHEN known_to_envoy OR pod_cluster IS NOT NULL THEN 'pod'
        -- Istio fills clusters of Kubernetes services with pod addresses.
        WHEN direction = 'inbound' OR service LIKE '%.svc.cluster.local' THEN 'pod'
        ELSE 'unknown'
    END AS endpoint_kind,
    coalesce(declared_cluster, pod_cluster, network_cluster, gateway_cluster) AS endpoint_cluster,
    coalesce(declared_network, network_name) AS network,
    coalesce(declared_region, network_region) AS region,
    coalesce(declared_zone, CASE WHEN declared_region IS NULL THEN network_zone END) AS zone,
    declared_subzone AS subzone,
    coalesce(declared_workload, gateway) AS workload,
    CASE
        WHEN coalesce(declared_cluster, declared_network, pod_cluster) IS NOT NULL THEN 'inventory'
        WHEN coalesce(network_cluster, network_name, network_region) IS NOT NULL OR is_network_gateway THEN 'config'
        WHEN declared IS NOT NULL THEN 'inventory'
        WHEN gateway_address IS NOT NULL THEN 'gateway_log'
        WHEN endpoint_port IN (15443, 15008) THEN 'port'
        ELSE 'none'
    END AS endpoint_basis
FROM known;
