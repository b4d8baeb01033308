-- What is each upstream address that a proxy sent requests to, and how is that known?
-- Knowledge is taken in the order of its strength: the inventory, then gateways whose own logs we hold, then the
-- well-known ports 15443 (east-west TLS passthrough) and 15008 (HBONE).
-- internal
-- needs: access_log, cluster_names, declared_endpoints, gateway_addresses
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
--   endpoint_basis: inventory, gateway_log, port or none.
CREATE TABLE upstream_endpoints AS
WITH used AS (
    SELECT DISTINCT cluster_id, upstream_cluster, upstream_host
    FROM access_log
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
)
SELECT
    s.cluster_id,
    s.upstream_cluster,
    s.upstream_host,
    s.endpoint_ip,
    s.endpoint_port,
    CASE
        WHEN s.endpoint_ip IS NULL OR starts_with(s.upstream_host, 'unix:') THEN
            CASE WHEN starts_with(s.upstream_host, 'envoy://') THEN 'internal' ELSE 'unknown' END
        WHEN g.address IS NOT NULL OR s.endpoint_port = 15443 THEN 'east_west_gateway'
        -- A ServiceEntry may name any address: a pod's, a virtual machine's, a stranger's.
        WHEN d.known_to_envoy THEN 'pod'
        -- Istio fills clusters of Kubernetes services with pod addresses.
        WHEN c.direction = 'inbound' OR c.service LIKE '%.svc.cluster.local' THEN 'pod'
        ELSE 'unknown'
    END AS endpoint_kind,
    coalesce(d.endpoint_cluster, g.cluster_id) AS endpoint_cluster,
    d.network,
    d.region,
    d.zone,
    d.subzone,
    coalesce(d.workload, g.gateway) AS workload,
    CASE
        WHEN d.endpoint IS NOT NULL THEN 'inventory'
        WHEN g.address IS NOT NULL THEN 'gateway_log'
        WHEN s.endpoint_port IN (15443, 15008) THEN 'port'
        ELSE 'none'
    END AS endpoint_basis
FROM split AS s
LEFT JOIN cluster_names AS c ON c.upstream_cluster = s.upstream_cluster
LEFT JOIN declared_endpoints AS d
    ON d.service = c.service AND d.service_port IS NOT DISTINCT FROM c.service_port AND d.endpoint = s.address
LEFT JOIN gateway_addresses AS g ON g.address = s.address;
