-- Which proxies wrote the logs?
-- internal
-- needs: access_log
-- columns:
--   proxy_key: Number that stands for the proxy (a hash of cluster, gateway and proxy).
--   cluster_id: Kubernetes cluster.
--   gateway: Workload.
--   proxy: Replica, or its file where nothing names it.
--   role: Role of the proxy.
CREATE TABLE proxies AS
SELECT
    hash(cluster_id, gateway, coalesce(proxy, source)) AS proxy_key, cluster_id, gateway,
    coalesce(proxy, source) AS proxy, any_value(role) AS role
FROM access_log
GROUP BY ALL;
