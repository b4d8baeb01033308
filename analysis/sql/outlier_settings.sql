-- Is outlier detection set for each service, and how much may it eject?
-- What Envoy was given (a config dump of the calling cluster) counts before what a DestinationRule says; of several
-- rules the one that names the host most exactly. Istio's defaults fill what is not set: 10 percent at most. A
-- DestinationRule's short name means a service of its own namespace.
-- internal
-- needs: routes, mesh_config, cluster_names
-- columns:
--   cluster_id: Kubernetes cluster of the callers.
--   service: Host of the service.
--   service_port: Port of the service.
--   basis: config_dump, destination_rule, no_rule (rules were given, none is for this service) or none (nothing tells).
--   is_set: True where outlier detection is set, or active health checks are; NULL where nothing tells.
--   max_ejection_percent: Percentage of all endpoints that may be ejected at a time, 100 with active health checks; NULL where neither is set.
--   percent_is_default: True where that is the default.
--   source: File that says so.
--   line: Line in that file.
CREATE TABLE outlier_settings AS
WITH callers AS (
    SELECT DISTINCT cluster_id, service, service_port FROM routes
), dumped AS (
    SELECT
        m.cluster_id, m.name, m.observed_at, m.source, c.service, c.service_port,
        bool_or(starts_with(m.setting, 'outlier_detection')) AS has_outlier_detection,
        -- Active health checks take failing endpoints out as well, as many as fail.
        bool_or(starts_with(m.setting, 'health_checks[')) AS has_health_checks,
        max(TRY_CAST(m.value AS INTEGER)) FILTER (m.setting = 'outlier_detection.max_ejection_percent') AS percent,
        min(m.line) AS line
    FROM mesh_config AS m
    JOIN cluster_names AS c ON c.upstream_cluster = m.name AND NOT coalesce(c.sni_dnat, false)
    WHERE m.kind = 'Cluster'
    GROUP BY ALL
), by_dump AS (
    SELECT k.*, arg_max(
        {'is_set': d.has_outlier_detection OR d.has_health_checks,
         'percent': CASE WHEN d.has_health_checks THEN 100 ELSE d.percent END, 'source': d.source, 'line': d.line},
        coalesce(d.observed_at, TIMESTAMPTZ '1970-01-01 00:00:00Z')
    ) AS found
    FROM callers AS k
    JOIN dumped AS d
        ON d.service = k.service AND d.service_port IS NOT DISTINCT FROM k.service_port
        AND (d.cluster_id IS NULL OR d.cluster_id IS NOT DISTINCT FROM k.cluster_id)
    GROUP BY ALL
), rules AS (
    SELECT
        m.cluster_id, m.namespace, m.name, m.host, m.source,
        bool_or(regexp_matches(m.setting, '(^|\.)outlierDetection(\.|$)') AND m.value IS NOT NULL) AS is_set,
        max(TRY_CAST(m.value AS INTEGER)) FILTER (m.setting LIKE '%outlierDetection.maxEjectionPercent') AS percent,
        min(m.line) FILTER (m.setting LIKE '%outlierDetection.maxEjectionPercent') AS percent_line,
        min(m.line) FILTER (m.setting LIKE '%outlierDetection%') AS set_line,
        min(m.line) AS line
    FROM mesh_config AS m
    WHERE m.kind = 'DestinationRule' AND m.host IS NOT NULL
    GROUP BY ALL
), by_rule AS (
    SELECT k.*, arg_max(
        {'is_set': r.is_set, 'percent': r.percent, 'source': r.source,
         'line': coalesce(r.percent_line, r.set_line, r.line)},
        -- A whole name before a short one, that before a wildcard, and a long wildcard before a short one.
        CASE WHEN r.host = k.service THEN 10000 WHEN contains(r.host, '*') THEN length(r.host) ELSE 5000 END
    ) AS found
    FROM callers AS k
    JOIN rules AS r
        ON (r.cluster_id IS NULL OR k.cluster_id IS NULL OR r.cluster_id = k.cluster_id)
        AND (
            r.host = k.service
            OR (starts_with(r.host, '*') AND ends_with(k.service, substr(r.host, 2)))
            OR (NOT contains(r.host, '.') AND starts_with(k.service, r.host || '.' || coalesce(r.namespace, ''))
                AND contains(k.service, '.svc'))
        )
    GROUP BY ALL
), given AS (
    -- What a policy of Gloo selects is not resolved: it may be for any service.
    SELECT EXISTS (FROM mesh_config WHERE kind = 'DestinationRule')
           AND NOT EXISTS (FROM mesh_config WHERE kind = 'OutlierDetectionPolicy') AS has_rules
)
SELECT
    k.cluster_id, k.service, k.service_port,
    CASE WHEN d.found IS NOT NULL THEN 'config_dump' WHEN r.found IS NOT NULL THEN 'destination_rule'
         WHEN g.has_rules THEN 'no_rule' ELSE 'none' END AS basis,
    CASE WHEN d.found IS NOT NULL THEN d.found.is_set WHEN r.found IS NOT NULL THEN r.found.is_set
         WHEN g.has_rules THEN false END AS is_set,
    CASE WHEN coalesce(d.found.is_set, r.found.is_set) THEN coalesce(d.found.percent, r.found.percent, 10) END
        AS max_ejection_percent,
    coalesce(d.found.percent, r.found.percent) IS NULL AS percent_is_default,
    coalesce(d.found.source, r.found.source) AS source,
    coalesce(d.found.line, r.found.line) AS line
FROM callers AS k
LEFT JOIN by_dump AS d
    ON d.service = k.service AND d.service_port IS NOT DISTINCT FROM k.service_port
    AND d.cluster_id IS NOT DISTINCT FROM k.cluster_id
LEFT JOIN by_rule AS r
    ON r.service = k.service AND r.service_port IS NOT DISTINCT FROM k.service_port
    AND r.cluster_id IS NOT DISTINCT FROM k.cluster_id
CROSS JOIN given AS g;
