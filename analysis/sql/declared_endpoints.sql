-- What do the inventories say of each endpoint address of a service, whenever they said it?
-- Facts that two snapshots state differently become NULL, and unknown; priority is not here, as it changes when
-- endpoints come and go.
-- internal
-- needs: inventory, cluster_names
-- columns:
--   service: Host of the service.
--   service_port: Port of the service.
--   endpoint: ip:port of the endpoint.
--   endpoint_cluster: Kubernetes cluster that the endpoint lives in.
--   network: Istio network of the endpoint.
--   region: Region of its locality.
--   zone: Zone of its locality.
--   subzone: Sub-zone of its locality.
--   workload: Workload or pod name.
--   is_gateway: True where a proxy was told of it as an endpoint in another cluster without a workload: Istio replaces the pods of other networks by their east-west gateway.
--   known_to_envoy: True where a proxy's own snapshot names it, not only a resource.
CREATE TABLE declared_endpoints AS
SELECT
    coalesce(i.service, c.service) AS service,
    coalesce(i.service_port, c.service_port) AS service_port,
    CASE WHEN contains(i.address, ':') THEN format('[{}]:{}', i.address, i.port)
         WHEN i.port IS NULL THEN i.address
         ELSE format('{}:{}', i.address, i.port) END AS endpoint,
    CASE WHEN count(DISTINCT i.cluster_id) = 1 THEN any_value(i.cluster_id) END AS endpoint_cluster,
    CASE WHEN count(DISTINCT i.network) = 1 THEN any_value(i.network) END AS network,
    CASE WHEN count(DISTINCT i.region) = 1 THEN any_value(i.region) END AS region,
    CASE WHEN count(DISTINCT i.zone) = 1 THEN any_value(i.zone) END AS zone,
    CASE WHEN count(DISTINCT i.subzone) = 1 THEN any_value(i.subzone) END AS subzone,
    CASE WHEN count(DISTINCT i.workload) = 1 THEN any_value(i.workload) END AS workload,
    coalesce(bool_or(i.cluster_id <> i.observer_cluster_id) FILTER (i.upstream_cluster IS NOT NULL), false)
        AND count(i.workload) = 0 AS is_gateway,
    bool_or(i.upstream_cluster IS NOT NULL) AS known_to_envoy
FROM inventory AS i
LEFT JOIN cluster_names AS c ON c.upstream_cluster = i.upstream_cluster
WHERE i.address IS NOT NULL
GROUP BY ALL;
