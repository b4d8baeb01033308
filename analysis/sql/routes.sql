-- Which services does each proxy route to?
-- internal
-- needs: counted_kinds
-- columns:
--   route: Number that stands for proxy and service.
--   cluster_id: Kubernetes cluster of the proxy.
--   gateway: Workload of the proxy.
--   proxy: Replica.
--   service: Host of the service.
--   service_port: Port of the service.
--   subset: Subset; NULL if none.
CREATE TABLE routes AS
SELECT DISTINCT route, cluster_id, gateway, proxy, service, service_port, subset
FROM counted_kinds
WHERE timed > 0 AND service IS NOT NULL AND role NOT IN ('east_west', 'sidecar_inbound');
