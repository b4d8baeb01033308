-- Around each failover: what did routing make of each ejection, and how did the endpoint fare when it was tried again?
WITH extents AS (
    SELECT f.cluster_id, f.gateway, f.proxy, f.service, f.service_port, min(p.starts) AS starts, max(p.ends) AS ends
    FROM failovers AS f
    JOIN failover_phases AS p USING (failover_id)
    GROUP BY f.failover_id, f.cluster_id, f.gateway, f.proxy, f.service, f.service_port
)
SELECT e.*
FROM ejection_effects AS e
WHERE EXISTS (
    SELECT 1
    FROM extents AS x
    WHERE x.service = e.service AND x.service_port IS NOT DISTINCT FROM e.service_port
        AND (e.cluster_id IS NULL OR e.cluster_id = x.cluster_id) AND (e.gateway IS NULL OR e.gateway = x.gateway)
        AND (e.proxy IS NULL OR e.proxy = x.proxy) AND e.ejected_at BETWEEN x.starts AND x.ends
)
ORDER BY e.ejected_at, e.endpoint, e.cluster_id, e.gateway, e.proxy, e.service, e.service_port, e.basis
LIMIT $most
