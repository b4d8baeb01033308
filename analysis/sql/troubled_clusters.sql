-- Through which Envoy clusters did each proxy send requests elsewhere than to the primary, or lose several?
-- Counted on the columns as logged, before anything is attributed: a service that only ever reached its primary and lost
-- no five requests within a minute, nor a twentieth within an hour, cannot have failed over. Where few requests are held,
-- or the log does not say more, it is better to look closely. All clusters of a service count when one of them does.
-- internal
-- needs: slim_log, entry_kinds, cluster_names, endpoint_groups, primaries
-- columns:
--   cluster_id: Kubernetes cluster of the proxy.
--   gateway: Workload of the proxy.
--   proxy: Replica.
--   upstream_cluster: The Envoy cluster.
CREATE TABLE troubled_clusters AS
WITH kinds AS (
    SELECT
        kind, cluster_id, gateway, proxy, upstream_cluster, upstream_host,
        len(response_flags) > 0 OR response_code >= 500 OR response_code = 0 OR grpc_status IS NOT NULL AS is_suspicious
    FROM entry_kinds
    WHERE upstream_cluster IS NOT NULL AND role NOT IN ('east_west', 'sidecar_inbound')
), hours AS (
    SELECT kind, epoch_us(start_time) // 3600000000 AS hour, count(*) AS entries FROM slim_log GROUP BY ALL
), minutes AS (
    SELECT kind, epoch_us(start_time) // 60000000 AS minute, count(*) AS entries
    FROM slim_log
    SEMI JOIN (FROM kinds WHERE is_suspicious) USING (kind)
    GROUP BY ALL
), counted AS (
    SELECT
        cluster_id, gateway, proxy, upstream_cluster, upstream_host, hour,
        sum(entries) AS requests,
        coalesce(sum(entries) FILTER (is_suspicious), 0) AS suspicious
    FROM hours
    JOIN kinds USING (kind)
    GROUP BY ALL
), bursts AS (
    SELECT DISTINCT cluster_id, gateway, proxy, upstream_cluster
    FROM minutes
    JOIN kinds USING (kind)
    GROUP BY cluster_id, gateway, proxy, upstream_cluster, minute
    HAVING sum(entries) >= 5
    UNION
    SELECT cluster_id, gateway, proxy, upstream_cluster
    FROM counted
    GROUP BY cluster_id, gateway, proxy, upstream_cluster, hour
    HAVING sum(suspicious) >= 5 AND sum(suspicious) >= 0.05 * sum(requests)
), judged AS (
    SELECT
        c.cluster_id, c.gateway, c.proxy, c.upstream_cluster, n.service, n.service_port,
        bool_or(c.upstream_host IS NULL AND c.suspicious > 0)
            OR bool_or(e.endpoint_group <> p.primary_group)
            OR (sum(c.requests) < 5000 AND sum(c.suspicious) > 0)
            OR bool_or(n.service IS NULL) AS is_troubled
    FROM counted AS c
    LEFT JOIN cluster_names AS n USING (upstream_cluster)
    LEFT JOIN endpoint_groups AS e
        ON e.cluster_id IS NOT DISTINCT FROM c.cluster_id AND e.upstream_cluster = c.upstream_cluster
        AND e.upstream_host = c.upstream_host
    LEFT JOIN primaries AS p
        ON p.cluster_id IS NOT DISTINCT FROM c.cluster_id AND p.gateway IS NOT DISTINCT FROM c.gateway
        AND p.service = n.service AND p.service_port IS NOT DISTINCT FROM n.service_port
        AND p.subset IS NOT DISTINCT FROM n.subset
    GROUP BY ALL
), marked AS (
    SELECT j.*, j.is_troubled OR b.upstream_cluster IS NOT NULL AS is_marked
    FROM judged AS j
    LEFT JOIN bursts AS b
        ON b.upstream_cluster = j.upstream_cluster AND b.cluster_id IS NOT DISTINCT FROM j.cluster_id
        AND b.gateway IS NOT DISTINCT FROM j.gateway AND b.proxy IS NOT DISTINCT FROM j.proxy
)
SELECT cluster_id, gateway, proxy, upstream_cluster
FROM marked
QUALIFY bool_or(is_marked) OVER (PARTITION BY cluster_id, gateway, proxy, service, service_port);
