-- What share should have spilled by the ejections known at the time, and what share did, while each failover lasted?
-- Times of less than a second are left out: a logged ejection leads routing by up to that. So are services without
-- logged ejections: those that are inferred from the traffic say nothing about it.
WITH spells AS (
    SELECT f.failover_id, f.cluster_id, f.gateway, f.proxy, f.service, f.service_port, f.subset,
           min(p.starts) AS starts, max(p.ends) AS ends
    FROM failovers AS f
    JOIN failover_phases AS p USING (failover_id)
    WHERE p.phase <> 'healthy'
    GROUP BY ALL
)
SELECT f.failover_id, s.since, s.until, s.endpoints, s.ejected, s.expected_share::DOUBLE AS expected_share, s.requests, s.observed_share
FROM spells AS f
JOIN spill_shares AS s
    ON s.service = f.service AND s.service_port IS NOT DISTINCT FROM f.service_port
    AND s.subset IS NOT DISTINCT FROM f.subset AND s.cluster_id IS NOT DISTINCT FROM f.cluster_id
    AND s.gateway IS NOT DISTINCT FROM f.gateway AND s.proxy IS NOT DISTINCT FROM f.proxy
    AND s.since < f.ends AND s.until > f.starts
WHERE s.until - s.since >= INTERVAL 1 SECOND AND s.requests > 0 AND EXISTS (
    SELECT 1
    FROM ejections AS e
    WHERE e.basis = 'logged' AND e.service = f.service AND e.service_port IS NOT DISTINCT FROM f.service_port
        AND (e.cluster_id IS NULL OR e.cluster_id = f.cluster_id) AND (e.gateway IS NULL OR e.gateway = f.gateway)
        AND (e.proxy IS NULL OR e.proxy = f.proxy)
)
ORDER BY f.failover_id, s.since
LIMIT $most
