-- To which group of endpoints, such as cluster1, does each upstream address belong?
-- The cluster or network that something names. Istio replaces the endpoints of other networks by their east-west
-- gateway; so where a service has such a gateway, an address that nothing maps is in the caller's own network, and
-- is named for the caller's cluster (local where that has no name); not where the user named the addresses of the caller's
-- network, and this is none of them. A gateway that nothing maps is "remote".
-- internal
-- needs: upstream_endpoints, cluster_names, networks
-- columns:
--   upstream_endpoints.*
--   endpoint_group: Cluster or network that the address belongs to; NULL where nothing tells.
CREATE TABLE endpoint_groups AS
WITH gatewayed AS (
    SELECT e.cluster_id, c.service, c.service_port,
           bool_or(e.endpoint_kind = 'east_west_gateway') AS has_gateway
    FROM upstream_endpoints AS e
    JOIN cluster_names AS c USING (upstream_cluster)
    GROUP BY ALL
)
SELECT
    e.*,
    CASE
        WHEN e.endpoint_cluster IS NOT NULL THEN e.endpoint_cluster
        WHEN e.network IS NOT NULL THEN e.network
        WHEN e.endpoint_kind = 'east_west_gateway' THEN 'remote'
        WHEN g.has_gateway AND c.direction = 'outbound' AND n.cluster_id IS NULL THEN coalesce(e.cluster_id, 'local')
    END AS endpoint_group
FROM upstream_endpoints AS e
LEFT JOIN cluster_names AS c USING (upstream_cluster)
LEFT JOIN gatewayed AS g
    ON g.cluster_id IS NOT DISTINCT FROM e.cluster_id AND g.service = c.service
    AND g.service_port IS NOT DISTINCT FROM c.service_port
LEFT JOIN (
    SELECT DISTINCT network_cluster_id AS cluster_id FROM networks WHERE statement = 'cidr'
) AS n ON n.cluster_id = e.cluster_id;
