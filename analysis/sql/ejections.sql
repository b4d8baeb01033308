-- When did Envoy take which endpoint out of the rotation?
-- From outlier-detection event logs, each ejection paired with the return of the same endpoint at the same proxy.
-- What the log says leads real routing by up to the cluster's update_merge_window (one second).
-- needs: outlier_events, cluster_names
-- columns:
--   basis: logged (the outlier-detection log says so).
--   cluster_id: Kubernetes cluster of the proxy that decided.
--   gateway: Workload of that proxy.
--   proxy: Replica: ejection is per proxy.
--   service: Host of the service.
--   service_port: Port of the service.
--   endpoint: Address of the endpoint.
--   ejected_at: When it was ejected (UTC).
--   unejected_at: When it was taken back; NULL where the log does not say.
--   type: What tripped, such as CONSECUTIVE_5XX.
--   enforced: False where it was only detected.
--   source: File that says so.
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
        PARTITION BY observer_cluster_id, observer_gateway, observer_proxy, upstream_cluster, address, port
        ORDER BY time, source, line
    )
)
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
ORDER BY o.time, endpoint;
