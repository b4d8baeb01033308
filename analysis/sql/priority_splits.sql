-- Did requests divide among Envoy's priorities as its rule says for the endpoints that were healthy?
-- One row per stretch of time and priority. A stretch lies between two moments at which something may have changed:
-- an ejection, a return, a snapshot. Ejections come from the event log of that proxy, so a proxy without one has no
-- rows; endpoints and priorities come from its snapshots, and a stretch between two that differ is left out. So are
-- the first 1.5 seconds of each stretch, in which Envoy still merges updates, and stretches shorter than two seconds.
-- needs: inventory, outlier_events, cluster_names, routes, routed, priority_load
-- columns:
--   cluster_id: Kubernetes cluster of the proxy.
--   gateway: Workload of the proxy.
--   proxy: Replica.
--   service: Host of the service.
--   service_port: Port of the service.
--   subset: Subset; NULL if none.
--   since: Begin of the stretch (UTC).
--   until: Its end.
--   priority: Envoy's priority.
--   healthy: Endpoints of this priority that were healthy and not ejected.
--   total: Endpoints of this priority.
--   predicted_percent: What the rule gives it of the requests; see priority_load.
--   requests: Requests, begun and ended in the stretch, whose last attempt went to its endpoints.
--   of_requests: Requests of the stretch that ended at any endpoint.
--   observed_percent: Its share of them.
--   source: File of the snapshot that names the endpoints.
--   line: Line in that file.
CREATE TABLE priority_splits AS
WITH proxies AS (
    SELECT DISTINCT cluster_id, gateway, proxy, service, service_port, subset FROM routes
), snapshots AS (
    SELECT
        p.cluster_id, p.gateway, p.proxy, p.service, p.service_port, p.subset, i.observed_at, i.source,
        min(i.line) AS line,
        list({
            'endpoint': CASE WHEN contains(i.address, ':') THEN format('[{}]:{}', i.address, i.port)
                             ELSE format('{}:{}', i.address, i.port) END,
            'priority': i.priority
        } ORDER BY i.priority, i.address, i.port) AS members,
        list(CASE WHEN contains(i.address, ':') THEN format('[{}]:{}', i.address, i.port)
                  ELSE format('{}:{}', i.address, i.port) END) FILTER (i.ejected) AS ejected,
        list(CASE WHEN contains(i.address, ':') THEN format('[{}]:{}', i.address, i.port)
                  ELSE format('{}:{}', i.address, i.port) END)
            FILTER (i.health NOT IN ('healthy', 'degraded')) AS unhealthy
    FROM inventory AS i
    JOIN cluster_names AS c ON c.upstream_cluster = i.upstream_cluster AND NOT coalesce(c.sni_dnat, false)
    JOIN proxies AS p
        ON p.service = c.service AND p.service_port IS NOT DISTINCT FROM c.service_port
        AND p.subset IS NOT DISTINCT FROM c.subset
        AND i.observer_cluster_id IS NOT DISTINCT FROM p.cluster_id AND i.observer_gateway IS NOT DISTINCT FROM p.gateway
        AND (i.observer_proxy IS NULL OR i.observer_proxy IS NOT DISTINCT FROM p.proxy)
    -- A dump of what was declared knows no ejections; the page /clusters does.
    WHERE i.priority IS NOT NULL AND i.ejected IS NOT NULL AND i.observed_at IS NOT NULL AND i.port IS NOT NULL
    GROUP BY ALL
), events AS (
    SELECT
        p.cluster_id, p.gateway, p.proxy, p.service, p.service_port, p.subset, o.time, o.action,
        CASE WHEN contains(o.address, ':') THEN format('[{}]:{}', o.address, o.port)
             ELSE format('{}:{}', o.address, o.port) END AS endpoint
    FROM outlier_events AS o
    JOIN cluster_names AS c ON c.upstream_cluster = o.upstream_cluster
    JOIN proxies AS p
        ON p.service = c.service AND p.service_port IS NOT DISTINCT FROM c.service_port
        AND p.subset IS NOT DISTINCT FROM c.subset
        AND o.observer_cluster_id IS NOT DISTINCT FROM p.cluster_id AND o.observer_gateway IS NOT DISTINCT FROM p.gateway
        AND (o.observer_proxy IS NULL OR o.observer_proxy IS NOT DISTINCT FROM p.proxy)
    WHERE o.action = 'uneject' OR coalesce(o.enforced, true)
), extents AS (
    SELECT r.cluster_id, r.gateway, r.proxy, r.service, r.service_port, r.subset,
           min(r.start_time) AS first_time, max(r.start_time) AS last_time
    FROM routed AS r
    SEMI JOIN events AS e
        ON e.cluster_id IS NOT DISTINCT FROM r.cluster_id AND e.gateway IS NOT DISTINCT FROM r.gateway
        AND e.proxy IS NOT DISTINCT FROM r.proxy AND e.service = r.service
        AND e.service_port IS NOT DISTINCT FROM r.service_port AND e.subset IS NOT DISTINCT FROM r.subset
    GROUP BY ALL
), moments AS (
    SELECT cluster_id, gateway, proxy, service, service_port, subset, time FROM events
    UNION
    SELECT cluster_id, gateway, proxy, service, service_port, subset, observed_at FROM snapshots
    UNION
    SELECT cluster_id, gateway, proxy, service, service_port, subset, unnest([first_time, last_time]) FROM extents
), stretches AS (
    SELECT m.* EXCLUDE (time), m.time AS begin, m.time + INTERVAL 1500 MILLISECOND AS since,
           lead(m.time) OVER (PARTITION BY m.cluster_id, m.gateway, m.proxy, m.service, m.service_port, m.subset ORDER BY m.time) AS until
    FROM moments AS m
    SEMI JOIN extents AS x
        ON x.cluster_id IS NOT DISTINCT FROM m.cluster_id AND x.gateway IS NOT DISTINCT FROM m.gateway
        AND x.proxy IS NOT DISTINCT FROM m.proxy AND x.service = m.service
        AND x.service_port IS NOT DISTINCT FROM m.service_port AND x.subset IS NOT DISTINCT FROM m.subset
), around AS (
    SELECT
        s.cluster_id, s.gateway, s.proxy, s.service, s.service_port, s.subset, s.begin, s.since, s.until,
        arg_max({'members': n.members, 'ejected': n.ejected, 'unhealthy': n.unhealthy, 'at': n.observed_at,
                 'source': n.source, 'line': n.line}, n.observed_at) FILTER (n.observed_at <= s.begin) AS before,
        arg_min({'members': n.members, 'ejected': n.ejected, 'unhealthy': n.unhealthy, 'at': n.observed_at,
                 'source': n.source, 'line': n.line}, n.observed_at) FILTER (n.observed_at >= s.until) AS after
    FROM stretches AS s
    JOIN snapshots AS n
        ON n.cluster_id IS NOT DISTINCT FROM s.cluster_id AND n.gateway IS NOT DISTINCT FROM s.gateway
        AND n.proxy IS NOT DISTINCT FROM s.proxy AND n.service = s.service
        AND n.service_port IS NOT DISTINCT FROM s.service_port AND n.subset IS NOT DISTINCT FROM s.subset
    WHERE s.until - s.since >= INTERVAL 2 SECOND
    GROUP BY ALL
), known AS (
    SELECT *, coalesce(before, after) AS nearest, row_number() OVER () AS stretch
    FROM around
    WHERE (before IS NULL OR after IS NULL OR before.members = after.members)
      AND coalesce(before, after) IS NOT NULL
), members AS (
    SELECT stretch, unnest(nearest.members, recursive := true) FROM known
), last_actions AS (
    SELECT k.stretch, e.endpoint, arg_max(e.action, e.time) AS action, max(e.time) AS at
    FROM known AS k
    JOIN events AS e
        ON e.cluster_id IS NOT DISTINCT FROM k.cluster_id AND e.gateway IS NOT DISTINCT FROM k.gateway
        AND e.proxy IS NOT DISTINCT FROM k.proxy AND e.service = k.service
        AND e.service_port IS NOT DISTINCT FROM k.service_port AND e.subset IS NOT DISTINCT FROM k.subset
        AND e.time <= k.begin
    GROUP BY ALL
), states AS (
    SELECT
        m.stretch, m.priority, m.endpoint,
        NOT coalesce(
            CASE WHEN a.action IS NOT NULL AND (k.before IS NULL OR a.at >= k.before.at) THEN a.action = 'eject'
                 WHEN k.before IS NOT NULL THEN list_contains(coalesce(k.before.ejected, []), m.endpoint)
                 WHEN a.action IS NOT NULL THEN a.action = 'eject' END,
            false
        ) AND NOT coalesce(list_contains(k.nearest.unhealthy, m.endpoint), false) AS is_healthy
    FROM members AS m
    JOIN known AS k USING (stretch)
    LEFT JOIN last_actions AS a ON a.stretch = m.stretch AND a.endpoint = m.endpoint
), levels AS (
    SELECT stretch, priority, count(*) FILTER (is_healthy) AS healthy, count(*) AS total
    FROM states
    GROUP BY ALL
), loads AS (
    SELECT l.stretch, p.priority, p.load_percent
    FROM (
        SELECT stretch, list(healthy ORDER BY priority) AS healthy, list(total ORDER BY priority) AS total
        FROM levels GROUP BY stretch
        -- The rule counts priorities from 0 without gaps, as Istio gives them.
        HAVING max(priority) = count(*) - 1 AND count(*) > 1
    ) AS l, LATERAL priority_load(l.healthy, l.total) AS p
), counted AS (
    SELECT k.stretch, s.priority, count(*) AS requests
    FROM known AS k
    JOIN routed AS r
        ON r.cluster_id IS NOT DISTINCT FROM k.cluster_id AND r.gateway IS NOT DISTINCT FROM k.gateway
        AND r.proxy IS NOT DISTINCT FROM k.proxy AND r.service = k.service
        AND r.service_port IS NOT DISTINCT FROM k.service_port AND r.subset IS NOT DISTINCT FROM k.subset
        -- A request that hung to its end beyond the stretch may have been tried again by another split.
        AND r.start_time >= k.since AND r.end_time < k.until AND r.group_role <> 'none'
    JOIN states AS s ON s.stretch = k.stretch AND s.endpoint = r.endpoint
    GROUP BY ALL
)
SELECT
    k.cluster_id, k.gateway, k.proxy, k.service, k.service_port, k.subset, k.since, k.until,
    v.priority, v.healthy, v.total, l.load_percent AS predicted_percent,
    coalesce(c.requests, 0) AS requests,
    (sum(coalesce(c.requests, 0)) OVER (PARTITION BY k.stretch))::BIGINT AS of_requests,
    100 * coalesce(c.requests, 0) / nullif(sum(coalesce(c.requests, 0)) OVER (PARTITION BY k.stretch), 0) AS observed_percent,
    k.nearest.source AS source, k.nearest.line AS line
FROM known AS k
JOIN levels AS v USING (stretch)
JOIN loads AS l ON l.stretch = v.stretch AND l.priority = v.priority
LEFT JOIN counted AS c ON c.stretch = v.stretch AND c.priority = v.priority
ORDER BY ALL;
