-- What share of the requests should have spilled by the ejections known at the time, and what share did?
-- One row per time in which a proxy had the same endpoints of the primary group of a service ejected. The expected share
-- is that of the next priority by priority_load, with every other group healthy. A logged ejection leads routing by up to
-- a second, so rows that last less say little; and only endpoints that were ever seen in the log count.
-- needs: ejections, routes, routed, primaries, priority_load
-- columns:
--   cluster_id: Kubernetes cluster of the proxy.
--   gateway: Workload of the proxy.
--   proxy: Replica.
--   service: Host of the service.
--   service_port: Port of the service.
--   subset: Subset; NULL if none.
--   since: When this set of ejections began (UTC).
--   until: When it changed (UTC).
--   endpoints: Endpoints of the primary group.
--   ejected: Those that were ejected.
--   expected_share: Share of the requests that should have gone to other groups, 0 to 1.
--   requests: Requests that began in this time and found an endpoint.
--   observed_share: Share of them that went to other groups; NULL without any.
CREATE TABLE spill_shares AS
WITH members AS (
    SELECT route, endpoint FROM routed WHERE group_role = 'primary' AND endpoint IS NOT NULL GROUP BY ALL
), sizes AS (
    SELECT route, count(*) AS endpoints FROM members GROUP BY route
), borders AS (
    SELECT route, max(start_time) AS log_end FROM routed SEMI JOIN members USING (route) GROUP BY route
), outs AS (
    SELECT k.route, e.endpoint, e.ejected_at, coalesce(e.unejected_at, b.log_end) AS back_at
    FROM ejections AS e
    JOIN routes AS k
        ON k.service = e.service AND k.service_port IS NOT DISTINCT FROM e.service_port
        AND (e.cluster_id IS NULL OR e.cluster_id = k.cluster_id)
        AND (e.gateway IS NULL OR e.gateway = k.gateway)
        AND (e.proxy IS NULL OR e.proxy = k.proxy)
    SEMI JOIN members AS m ON m.route = k.route AND m.endpoint = e.endpoint
    JOIN borders AS b ON b.route = k.route
    WHERE e.enforced IS DISTINCT FROM false
), changes AS (
    SELECT route, ejected_at AS moment, 1 AS change FROM outs
    UNION ALL
    SELECT route, back_at, -1 FROM outs
), steps AS (
    SELECT
        route, moment AS since, lead(moment) OVER (PARTITION BY route ORDER BY moment) AS until,
        sum(sum(change)) OVER (PARTITION BY route ORDER BY moment) AS ejected
    FROM changes
    GROUP BY route, moment
), counted AS (
    SELECT
        s.route, s.since, count(*) AS requests, count(*) FILTER (r.group_role = 'secondary') AS elsewhere
    FROM steps AS s
    JOIN routed AS r
        ON r.route = s.route AND r.start_time >= s.since AND r.start_time < s.until
        AND r.group_role IN ('primary', 'secondary') AND NOT r.pinned
    WHERE s.ejected > 0
    GROUP BY ALL
)
SELECT
    k.cluster_id, k.gateway, k.proxy, k.service, k.service_port, k.subset, s.since, s.until,
    z.endpoints, least(s.ejected, z.endpoints)::BIGINT AS ejected,
    (
        SELECT load_percent / 100.0 FROM priority_load([greatest(0, z.endpoints - s.ejected), 1], [z.endpoints, 1])
        WHERE priority = 1
    ) AS expected_share,
    coalesce(c.requests, 0) AS requests,
    c.elsewhere / nullif(c.requests, 0) AS observed_share
FROM steps AS s
JOIN sizes AS z USING (route)
JOIN routes AS k USING (route)
LEFT JOIN counted AS c ON c.route = s.route AND c.since = s.since
WHERE s.ejected > 0 AND s.until IS NOT NULL
ORDER BY s.since, k.proxy, k.service;
