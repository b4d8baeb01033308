-- Where was each request sent of the services in which there was any trouble?
-- What the failover detector works on: the rows of routed whose Envoy cluster at that proxy is in troubled_clusters. In a
-- large mesh that is a small part of a long log, and the rest need not be attributed request by request.
-- internal
-- needs: route_requests, troubled_clusters
-- columns:
--   route_requests.*
CREATE TABLE troubled AS
SELECT r.*
FROM route_requests AS r
-- A plain condition on a logged column reaches down to the reading of the files; which proxies, the rest says.
WHERE (r.upstream_cluster IS NULL OR list_contains(getvariable('troubled_clusters'), r.upstream_cluster))
  AND (r.upstream_cluster IS NULL OR EXISTS (
    SELECT 1 FROM troubled_clusters AS t
    WHERE t.upstream_cluster = r.upstream_cluster AND t.cluster_id IS NOT DISTINCT FROM r.cluster_id
      AND t.gateway IS NOT DISTINCT FROM r.gateway AND t.proxy IS NOT DISTINCT FROM r.proxy
));
