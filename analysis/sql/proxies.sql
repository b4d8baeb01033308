-- Which proxies wrote the logs?
-- internal
-- needs: entry_kinds, upstream_endpoints
-- columns:
--   proxy_key: Number that stands for the proxy (a hash of cluster, gateway and proxy).
--   cluster_id: Kubernetes cluster.
--   gateway: Workload.
--   proxy: Replica, or its file where nothing names it.
--   is_called: True where it logged requests that other proxies sent: by its role, or as it accepts requests at an address that somebody called.
CREATE TABLE proxies AS
SELECT
    hash(cluster_id, gateway, coalesce(proxy, source)) AS proxy_key, cluster_id, gateway,
    coalesce(proxy, source) AS proxy,
    bool_or(
        log_kind = 'http' AND (
            role IN ('east_west', 'waypoint', 'sidecar_inbound')
            OR coalesce(downstream_local_address IN (SELECT upstream_host FROM upstream_endpoints), false)
        )
    ) AS is_called
FROM entry_kinds
GROUP BY ALL;
