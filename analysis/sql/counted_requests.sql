-- Do Envoy's own counters between two snapshots agree with the lines that are held?
-- Counted are answers that are no 5xx, by endpoint: each makes one line, however often the request was tried before,
-- while rq_total counts attempts. A counter that fell (the proxy, or the endpoint, began anew) is left out, and so are
-- proxies that a snapshot does not tell apart.
-- needs: endpoint_counters, cluster_names, judged_kinds, slim_requests
-- columns:
--   cluster_id: Kubernetes cluster of the proxy.
--   gateway: Workload of the proxy.
--   proxy: Replica; NULL where the snapshot does not name it and there is only one.
--   upstream_cluster: Envoy cluster.
--   service: Host of the service.
--   service_port: Port of the service.
--   endpoint: Address of the endpoint; NULL where the whole cluster was counted.
--   since: When the earlier snapshot was taken (UTC).
--   until: When the later one was.
--   counted: Answers without a 5xx that Envoy counted in between.
--   held: Lines of such answers that are held, by the end of the request.
--   last_line_at: End of the last request of that proxy that is held.
--   source: File of the later snapshot.
--   line: Line in that file.
CREATE TABLE counted_requests AS
WITH answers AS (
    SELECT
        observer_cluster_id, observer_gateway, observer_proxy, upstream_cluster,
        CASE WHEN address IS NULL THEN NULL WHEN contains(address, ':') THEN format('[{}]:{}', address, port)
             ELSE format('{}:{}', address, port) END AS endpoint,
        observed_at, source, min(line) AS line, sum(value)::BIGINT AS value
    FROM endpoint_counters
    WHERE observed_at IS NOT NULL
      AND ((address IS NOT NULL AND counter = 'rq_success')
           OR (address IS NULL AND counter IN ('upstream_rq_1xx', 'upstream_rq_2xx', 'upstream_rq_3xx', 'upstream_rq_4xx')))
    GROUP BY ALL
), numbered AS (
    -- An endpoint that left and came back counts from 0 again: both snapshots must be neighbours.
    SELECT *, dense_rank() OVER (
        PARTITION BY observer_cluster_id, observer_gateway, observer_proxy, upstream_cluster ORDER BY observed_at
    ) AS number
    FROM answers
), steps AS (
    SELECT
        * EXCLUDE (value, number),
        CASE WHEN lag(number) OVER series = number - 1 THEN lag(observed_at) OVER series END AS since,
        CASE WHEN lag(number) OVER series = number - 1 THEN value - lag(value) OVER series END AS counted
    FROM numbered
    WINDOW series AS (
        PARTITION BY observer_cluster_id, observer_gateway, observer_proxy, upstream_cluster, endpoint
        ORDER BY observed_at, source
    )
), kinds AS (
    SELECT k.kind
    FROM judged_kinds AS k
    SEMI JOIN answers AS a
        ON a.observer_cluster_id IS NOT DISTINCT FROM k.cluster_id AND a.observer_gateway IS NOT DISTINCT FROM k.gateway
), writers AS (
    SELECT cluster_id, gateway, count(DISTINCT proxy) AS proxies, max(end_time) AS last_line_at
    FROM slim_requests
    SEMI JOIN kinds USING (kind)
    GROUP BY ALL
), compared AS (
    SELECT s.*, w.last_line_at, c.service, c.service_port
    FROM steps AS s
    JOIN cluster_names AS c ON c.upstream_cluster = s.upstream_cluster
    JOIN writers AS w
        ON w.cluster_id IS NOT DISTINCT FROM s.observer_cluster_id AND w.gateway IS NOT DISTINCT FROM s.observer_gateway
    WHERE s.counted >= 0 AND (s.observer_proxy IS NOT NULL OR w.proxies <= 1)
), lines AS (
    SELECT cluster_id, gateway, proxy, upstream_cluster, upstream_host AS endpoint, end_time
    FROM slim_requests
    SEMI JOIN kinds USING (kind)
    WHERE log_kind = 'http' AND response_code BETWEEN 100 AND 499 AND endpoint_kind <> 'none' AND end_time IS NOT NULL
)
SELECT
    s.observer_cluster_id AS cluster_id, s.observer_gateway AS gateway, s.observer_proxy AS proxy, s.upstream_cluster,
    any_value(s.service) AS service, any_value(s.service_port) AS service_port, s.endpoint, s.since,
    s.observed_at AS until, any_value(s.counted) AS counted, count(l.end_time) AS held,
    any_value(s.last_line_at) AS last_line_at, s.source, any_value(s.line) AS line
FROM compared AS s
LEFT JOIN lines AS l
    ON l.cluster_id IS NOT DISTINCT FROM s.observer_cluster_id AND l.gateway IS NOT DISTINCT FROM s.observer_gateway
    AND (s.observer_proxy IS NULL OR l.proxy IS NOT DISTINCT FROM s.observer_proxy)
    AND l.upstream_cluster = s.upstream_cluster AND (s.endpoint IS NULL OR l.endpoint = s.endpoint)
    AND l.end_time > s.since AND l.end_time <= s.observed_at
GROUP BY ALL
ORDER BY ALL;
