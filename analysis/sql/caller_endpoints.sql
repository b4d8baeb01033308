-- Which endpoints of each service did each calling cluster use, or could it have used?
-- Those that its proxies logged, and those that snapshots of its proxies name.
-- internal
-- needs: routes, counted_kinds, slim_requests, endpoint_groups, cluster_names, inventory, declared_endpoints
-- columns:
--   cluster_id: Kubernetes cluster of the callers.
--   service: Host of the service.
--   service_port: Port of the service.
--   endpoint: Address of the endpoint.
--   is_gateway: True for an east-west gateway.
--   endpoint_group: Group it belongs to, named as in endpoint_groups; NULL where nothing tells.
--   region: Region of its locality.
--   zone: Zone of its locality.
--   requests: Requests that ended there.
--   first_hop_id: First entry of them; NULL where there is none.
--   declared: True where a snapshot of a caller's proxy names it.
--   priority: Its priority in the earliest snapshot that states one.
--   was_available: True where a snapshot shows it healthy and not ejected; NULL where none shows health.
--   source: File of the earliest snapshot that names it.
--   line: Line in that file.
CREATE TABLE caller_endpoints AS
WITH callers AS (
    SELECT DISTINCT cluster_id, service, service_port FROM routes
), kinds AS (
    SELECT kind, cluster_id, service, service_port, endpoint, timed, first_time
    FROM counted_kinds
    WHERE timed > 0 AND service IS NOT NULL AND endpoint IS NOT NULL AND role NOT IN ('east_west', 'sidecar_inbound')
), firsts AS (
    SELECT k.cluster_id, k.service, k.service_port, k.endpoint, arg_min(r.hop_id, (r.start_time, r.hop_id)) AS first_hop_id
    FROM kinds AS k
    JOIN slim_requests AS r ON r.kind = k.kind AND r.start_time = k.first_time
    GROUP BY ALL
), used AS (
    SELECT k.cluster_id, k.service, k.service_port, k.endpoint, sum(k.timed)::BIGINT AS requests,
           any_value(f.first_hop_id) AS first_hop_id
    FROM kinds AS k
    JOIN firsts AS f
        ON f.cluster_id IS NOT DISTINCT FROM k.cluster_id AND f.service = k.service
        AND f.service_port IS NOT DISTINCT FROM k.service_port AND f.endpoint = k.endpoint
    GROUP BY ALL
), known AS (
    SELECT e.cluster_id, c.service, c.service_port, e.upstream_host AS endpoint,
           bool_or(e.endpoint_kind = 'east_west_gateway') AS is_gateway, any_value(e.endpoint_group) AS endpoint_group,
           any_value(e.region) AS region, any_value(e.zone) AS zone
    FROM endpoint_groups AS e
    JOIN cluster_names AS c USING (upstream_cluster)
    WHERE c.service IS NOT NULL AND NOT coalesce(c.sni_dnat, false)
    GROUP BY ALL
), told AS (
    SELECT
        k.cluster_id, k.service, k.service_port,
        CASE WHEN contains(i.address, ':') THEN format('[{}]:{}', i.address, i.port)
             ELSE format('{}:{}', i.address, i.port) END AS endpoint,
        arg_min(i.priority, i.observed_at) AS priority,
        bool_or(i.health IN ('healthy', 'degraded') AND NOT coalesce(i.ejected, false)) AS was_available,
        arg_min({'source': i.source, 'line': i.line},
                coalesce(i.observed_at, TIMESTAMPTZ '9999-01-01 00:00:00Z')) AS place
    FROM inventory AS i
    JOIN cluster_names AS c ON c.upstream_cluster = i.upstream_cluster AND NOT coalesce(c.sni_dnat, false)
        AND c.direction IS DISTINCT FROM 'inbound'
    JOIN callers AS k
        ON k.service = c.service AND k.service_port IS NOT DISTINCT FROM c.service_port
        AND (i.observer_cluster_id IS NULL OR i.observer_cluster_id IS NOT DISTINCT FROM k.cluster_id)
    WHERE i.address IS NOT NULL AND i.port IS NOT NULL
    GROUP BY ALL
), everything AS (
    SELECT
        coalesce(u.cluster_id, t.cluster_id) AS cluster_id,
        coalesce(u.service, t.service) AS service,
        coalesce(u.service_port, t.service_port) AS service_port,
        coalesce(u.endpoint, t.endpoint) AS endpoint,
        coalesce(u.requests, 0) AS requests, u.first_hop_id, t.endpoint IS NOT NULL AS declared, t.priority,
        t.was_available, t.place
    FROM used AS u
    FULL JOIN told AS t
        ON t.cluster_id IS NOT DISTINCT FROM u.cluster_id AND t.service = u.service
        AND t.service_port IS NOT DISTINCT FROM u.service_port AND t.endpoint = u.endpoint
), placed AS (
    SELECT
        e.*,
        coalesce(k.is_gateway, ends_with(e.endpoint, ':15443')) AS is_gateway,
        coalesce(k.endpoint_group, d.endpoint_cluster, d.network) AS named_group,
        coalesce(k.region, d.region) AS region,
        coalesce(k.zone, d.zone) AS zone
    FROM everything AS e
    LEFT JOIN known AS k
        ON k.cluster_id IS NOT DISTINCT FROM e.cluster_id AND k.service = e.service
        AND k.service_port IS NOT DISTINCT FROM e.service_port AND k.endpoint = e.endpoint
    LEFT JOIN declared_endpoints AS d
        ON d.service = e.service AND d.service_port IS NOT DISTINCT FROM e.service_port AND d.endpoint = e.endpoint
)
SELECT
    cluster_id, service, service_port, endpoint, is_gateway,
    CASE
        WHEN named_group IS NOT NULL THEN named_group
        WHEN is_gateway THEN 'remote'
        WHEN bool_or(is_gateway) OVER (PARTITION BY cluster_id, service, service_port) THEN coalesce(cluster_id, 'local')
    END AS endpoint_group,
    region, zone, requests, first_hop_id, declared, priority, was_available, place.source AS source, place.line AS line
FROM placed;
