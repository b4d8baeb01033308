-- Where can maxEjectionPercent not eject a whole locality?
-- It is a percentage of all endpoints of the Envoy cluster, over all priorities, and Istio's default is 10. Since
-- Envoy 1.31 it is rounded down, to none if need be; before, one endpoint could always be ejected. What stays in the
-- group keeps traffic: all of it while 1.4 times its healthy share is 100 percent. How many endpoints there are is
-- taken from the snapshot that shows the most, else from the log.
-- internal
-- needs: finding_columns, outlier_settings, caller_endpoints, primaries, inventory, cluster_names
-- columns:
--   finding_columns.*
CREATE VIEW check_max_ejection_percent AS
WITH places AS (
    SELECT DISTINCT cluster_id, service, service_port, arg_max(primary_group, gateway) AS primary_group
    FROM primaries
    WHERE primary_group IS NOT NULL
    GROUP BY cluster_id, service, service_port
), snapshots AS (
    SELECT
        e.cluster_id, e.service, e.service_port, i.source,
        count(DISTINCT e.endpoint) AS endpoints,
        count(DISTINCT e.endpoint) FILTER (e.endpoint_group = p.primary_group) AS local_endpoints
    FROM caller_endpoints AS e
    JOIN places AS p
        ON p.cluster_id IS NOT DISTINCT FROM e.cluster_id AND p.service = e.service
        AND p.service_port IS NOT DISTINCT FROM e.service_port
    JOIN cluster_names AS c
        ON c.service = e.service AND c.service_port IS NOT DISTINCT FROM e.service_port AND NOT coalesce(c.sni_dnat, false)
    JOIN inventory AS i
        ON i.upstream_cluster = c.upstream_cluster
        AND (i.observer_cluster_id IS NULL OR i.observer_cluster_id IS NOT DISTINCT FROM e.cluster_id)
        AND e.endpoint = CASE WHEN contains(i.address, ':') THEN format('[{}]:{}', i.address, i.port)
                              ELSE format('{}:{}', i.address, i.port) END
    GROUP BY ALL
), logged AS (
    SELECT
        e.cluster_id, e.service, e.service_port, NULL::VARCHAR AS source,
        count(*) AS endpoints, count(*) FILTER (e.endpoint_group = p.primary_group) AS local_endpoints
    FROM caller_endpoints AS e
    JOIN places AS p
        ON p.cluster_id IS NOT DISTINCT FROM e.cluster_id AND p.service = e.service
        AND p.service_port IS NOT DISTINCT FROM e.service_port
    WHERE e.requests > 0
    GROUP BY ALL
), sized AS (
    SELECT cluster_id, service, service_port,
           arg_max({'endpoints': endpoints, 'local': local_endpoints}, (source IS NOT NULL, endpoints)) AS size
    FROM (FROM snapshots UNION ALL FROM logged)
    GROUP BY ALL
), judged AS (
    SELECT
        s.*, z.size.endpoints AS endpoints, z.size.local AS local_endpoints, p.primary_group,
        s.max_ejection_percent * z.size.endpoints // 100 AS ejectable
    FROM outlier_settings AS s
    JOIN sized AS z
        ON z.cluster_id IS NOT DISTINCT FROM s.cluster_id AND z.service = s.service
        AND z.service_port IS NOT DISTINCT FROM s.service_port
    JOIN places AS p
        ON p.cluster_id IS NOT DISTINCT FROM s.cluster_id AND p.service = s.service
        AND p.service_port IS NOT DISTINCT FROM s.service_port
    WHERE s.is_set AND z.size.endpoints > z.size.local AND z.size.local > 0
)
SELECT
    'max_ejection_percent' AS check_id,
    CASE WHEN 140 * (local_endpoints - ejectable) // local_endpoints >= 100 THEN 'error' ELSE 'warning' END AS severity,
    service, service_port,
    primary_group AS subject,
    format(
        '{}maxEjectionPercent {} allows {} of {} endpoints to be ejected, and {} has {}: ',
        CASE WHEN percent_is_default THEN 'the default ' ELSE '' END, max_ejection_percent, ejectable, endpoints,
        primary_group, local_endpoints
    ) || CASE WHEN 140 * (local_endpoints - ejectable) // local_endpoints >= 100
              THEN 'nothing fails over, however many of them fail'
              ELSE format('it keeps {} percent of the requests when all of them fail',
                          140 * (local_endpoints - ejectable) // local_endpoints) END
    || CASE WHEN ejectable = 0 THEN ' (Envoy before 1.31 ejects one all the same)' ELSE '' END AS message,
    'set outlierDetection.maxEjectionPercent: 100, so that a whole cluster can be ejected' AS remedy,
    NULL AS yaml,
    source, line
FROM judged
WHERE ejectable < local_endpoints;
