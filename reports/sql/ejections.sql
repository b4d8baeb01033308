-- Which endpoints of the service did outlier detection take out, and when did they return?
SELECT
    basis, cluster_id, gateway, proxy, endpoint, ejected_at, unejected_at, type, enforced, source, line
FROM ejections
WHERE {route} AND ejected_at < $ends AND coalesce(unejected_at, $ends) > $starts
ORDER BY ejected_at, endpoint, proxy, source, line
LIMIT $most
