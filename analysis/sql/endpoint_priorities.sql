-- Which priority had each endpoint for the proxy that called it, and from when to when?
-- As snapshots of that proxy state it: the last one before the request, or the first one after it. A priority changes when
-- endpoints of other priorities come and go, so between two snapshots that state different ones nothing is known.
-- A snapshot that bears no proxy's name counts for all proxies of its gateway, one without a gateway's for its cluster.
-- internal
-- needs: inventory, proxies
-- columns:
--   proxy_key: Number of the calling proxy, as in proxies.
--   upstream_cluster: Envoy cluster through which it calls.
--   address: IP address of the endpoint.
--   port: Its port.
--   since: From here (UTC); NULL where no earlier snapshot names the endpoint.
--   until: Until before here (UTC); NULL where no later snapshot names the endpoint.
--   priority: Envoy's priority: 0 is asked first.
CREATE TABLE endpoint_priorities AS
WITH told AS (
    SELECT
        p.proxy_key, i.upstream_cluster, i.address, i.port, i.observed_at,
        -- Two that were taken at one time and do not agree state nothing.
        CASE WHEN min(i.priority) = max(i.priority) THEN min(i.priority) END AS priority
    FROM inventory AS i
    JOIN proxies AS p
        ON (i.observer_cluster_id IS NULL OR i.observer_cluster_id IS NOT DISTINCT FROM p.cluster_id)
        AND (i.observer_gateway IS NULL OR i.observer_gateway IS NOT DISTINCT FROM p.gateway)
        AND (i.observer_proxy IS NULL OR i.observer_proxy IS NOT DISTINCT FROM p.proxy)
    WHERE i.upstream_cluster IS NOT NULL AND i.priority IS NOT NULL AND i.address IS NOT NULL AND i.port IS NOT NULL
    GROUP BY ALL
), timed AS (
    SELECT
        *,
        lag(observed_at) OVER w AS earlier_at,
        lead(observed_at) OVER w AS later_at,
        lead(priority) OVER w AS later_priority
    FROM told
    WHERE observed_at IS NOT NULL
    WINDOW w AS (PARTITION BY proxy_key, upstream_cluster, address, port ORDER BY observed_at)
), untimed AS (
    SELECT t.* FROM told AS t ANTI JOIN timed AS k USING (proxy_key, upstream_cluster, address, port)
), stretches AS (
    SELECT proxy_key, upstream_cluster, address, port, observed_at AS since, later_at AS until,
           CASE WHEN later_at IS NULL OR later_priority = priority THEN priority END AS priority
    FROM timed
    UNION ALL
    SELECT proxy_key, upstream_cluster, address, port, NULL, observed_at, priority FROM timed WHERE earlier_at IS NULL
    UNION ALL
    SELECT proxy_key, upstream_cluster, address, port, NULL, NULL, priority FROM untimed
)
SELECT proxy_key, upstream_cluster, address, port, since, until, priority::INTEGER AS priority
FROM stretches
WHERE priority IS NOT NULL;
