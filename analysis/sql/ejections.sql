-- When did Envoy take which endpoint out of the rotation?
-- From outlier-detection event logs, each ejection paired with the return of the same endpoint at the same proxy: what
-- that log says leads real routing by up to the cluster's update_merge_window (one second). For a proxy without such a
-- log (health checks have one of their own, which says nothing of outlier detection), from silences of an endpoint that
-- its share of the traffic does not explain, nor a failed health check: to the second, and only inferred.
-- needs: outlier_events, cluster_names, endpoint_silences, routes, source_numbers
-- columns:
--   basis: logged (the log of outlier detection, or of health checks, says so) or inferred (the endpoint went silent).
--   cluster_id: Kubernetes cluster of the proxy that decided.
--   gateway: Workload of that proxy.
--   proxy: Replica: ejection is per proxy.
--   service: Host of the service.
--   service_port: Port of the service.
--   endpoint: Address of the endpoint.
--   ejected_at: When it was ejected (UTC).
--   unejected_at: When it was taken back; NULL where the log does not say.
--   type: What tripped, such as CONSECUTIVE_5XX or HEALTH_CHECK_NETWORK; silence where it is inferred.
--   enforced: False where it was only detected; NULL where it is inferred.
--   source: File that says so; for an inferred one, that of the last request before the silence.
--   line: Line in that file.
CREATE TABLE ejections AS
WITH ordered AS (
    SELECT
        o.*,
        lead(action) OVER host AS next_action,
        lead(time) OVER host AS next_time
    FROM outlier_events AS o
    WHERE action = 'uneject' OR coalesce(enforced, true)
    WINDOW host AS (
        -- An active health check takes a host out and back by itself, whatever outlier detection does.
        PARTITION BY observer_cluster_id, observer_gateway, observer_proxy, upstream_cluster, address, port,
            starts_with(type, 'HEALTH_CHECK')
        ORDER BY time, source, line
    )
), logged AS (
    SELECT
        'logged' AS basis,
        o.observer_cluster_id AS cluster_id,
        o.observer_gateway AS gateway,
        o.observer_proxy AS proxy,
        c.service,
        c.service_port,
        CASE WHEN contains(o.address, ':') THEN format('[{}]:{}', o.address, o.port)
             ELSE format('{}:{}', o.address, o.port) END AS endpoint,
        o.time AS ejected_at,
        CASE WHEN o.next_action = 'uneject' THEN o.next_time END AS unejected_at,
        o.type,
        coalesce(o.enforced, true) AS enforced,
        o.source,
        o.line
    FROM ordered AS o
    LEFT JOIN cluster_names AS c USING (upstream_cluster)
    WHERE o.action = 'eject'
), inferred AS (
    SELECT
        'inferred' AS basis, r.cluster_id, r.gateway, r.proxy, r.service, r.service_port, s.endpoint,
        s.silent_from AS ejected_at, s.silent_until AS unejected_at, 'silence' AS type, NULL::BOOLEAN AS enforced,
        n.source, s.last_hop_id & 1099511627775 AS line
    FROM endpoint_silences AS s
    JOIN routes AS r USING (route)
    JOIN source_numbers AS n ON n.source_number = s.last_hop_id >> 40
    WHERE s.looks_ejected AND NOT EXISTS (
        SELECT 1 FROM outlier_events AS o
        WHERE NOT starts_with(o.type, 'HEALTH_CHECK')
          AND (o.observer_cluster_id IS NULL OR o.observer_cluster_id IS NOT DISTINCT FROM r.cluster_id)
          AND (o.observer_gateway IS NULL OR o.observer_gateway IS NOT DISTINCT FROM r.gateway)
          AND (o.observer_proxy IS NULL OR o.observer_proxy IS NOT DISTINCT FROM r.proxy)
    ) AND NOT EXISTS (
        SELECT 1 FROM logged AS l
        WHERE starts_with(l.type, 'HEALTH_CHECK') AND l.service = r.service AND l.endpoint = s.endpoint
          AND (l.cluster_id IS NULL OR l.cluster_id IS NOT DISTINCT FROM r.cluster_id)
          AND (l.proxy IS NULL OR l.proxy IS NOT DISTINCT FROM r.proxy)
          AND l.ejected_at <= coalesce(s.silent_until, l.ejected_at)
          AND coalesce(l.unejected_at, s.silent_from) >= s.silent_from - INTERVAL 1 SECOND
    )
)
SELECT * FROM logged
UNION ALL
SELECT * FROM inferred
ORDER BY ejected_at, endpoint;
