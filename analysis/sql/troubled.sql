-- Where was each request sent of the services in which there was any trouble?
-- What the failover detector works on: the rows of routed whose Envoy cluster at that proxy is in troubled_clusters.
-- internal
-- needs: routed, judged_kinds, troubled_clusters
-- columns:
--   routed.*
CREATE VIEW troubled AS
SELECT r.*
FROM routed AS r
SEMI JOIN (
    SELECT k.kind
    FROM judged_kinds AS k
    WHERE k.upstream_cluster IS NULL OR EXISTS (
        SELECT 1 FROM troubled_clusters AS t
        WHERE t.upstream_cluster = k.upstream_cluster AND t.cluster_id IS NOT DISTINCT FROM k.cluster_id
          AND t.gateway IS NOT DISTINCT FROM k.gateway AND t.proxy IS NOT DISTINCT FROM k.proxy
    )
) USING (kind);
