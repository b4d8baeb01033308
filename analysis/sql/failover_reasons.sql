-- Why did each service fail over, or why did it not?
-- One row per gateway and service, in a sentence; what nothing tells is said to be unknown.
-- needs: routed, failovers, caller_endpoints, outlier_settings, primaries, ejections, findings
-- columns:
--   cluster_id: Kubernetes cluster of the gateway.
--   gateway: Workload whose proxies sent the requests.
--   service: Host of the service.
--   service_port: Port of the service.
--   failovers: Failovers that its proxies saw.
--   reason: failed_over, no_failures, one_group, no_outlier_detection, max_ejection_percent, distribute, no_ejection, not_enough_ejected or unknown.
--   sentence: The same in words.
CREATE VIEW failover_reasons AS
WITH traffic AS (
    SELECT
        cluster_id, gateway, service, service_port, count(*) AS requests,
        count(*) FILTER (failed AND group_role = 'primary') AS lost_on_primary,
        count(*) FILTER (failed AND group_role IN ('none', 'unknown')) AS lost_nowhere
    FROM routed
    GROUP BY ALL
), seen AS (
    SELECT cluster_id, gateway, service, service_port, count(*) AS failovers,
           arg_max({'primary': "primary", 'secondary': secondary, 'kind': kind, 'trigger': "trigger", 'open': open_at_end},
                   (list_position(['partial', 'complete', 'outage'], kind), requests)) AS worst
    FROM failovers
    GROUP BY ALL
), groups AS (
    SELECT cluster_id, service, service_port, list_sort(list(DISTINCT endpoint_group) FILTER (endpoint_group IS NOT NULL)) AS groups,
           count(*) AS endpoints
    FROM caller_endpoints
    GROUP BY ALL
), firsts AS (
    SELECT cluster_id, gateway, service, service_port, any_value(primary_group) AS primary_group FROM primaries GROUP BY ALL
), removed AS (
    SELECT cluster_id, gateway, service, service_port, count(*) AS ejections, count(DISTINCT endpoint) AS endpoints
    FROM ejections
    WHERE coalesce(enforced, true)
    GROUP BY ALL
), stopped AS (
    SELECT service, service_port, bool_or(check_id = 'max_ejection_percent') AS by_percent,
           bool_or(check_id = 'distribute') AS by_distribute,
           bool_or(check_id IN ('max_ejection_percent', 'outlier_detection') AND severity = 'error') AS by_settings
    FROM findings
    GROUP BY ALL
), facts AS (
    SELECT
        t.*, coalesce(s.failovers, 0) AS failovers, s.worst, coalesce(g.groups, []) AS groups,
        p.primary_group, o.is_set, coalesce(r.ejections, 0) AS ejections, coalesce(r.endpoints, 0) AS ejected_endpoints,
        coalesce(x.by_percent, false) AS by_percent, coalesce(x.by_distribute, false) AS by_distribute,
        coalesce(x.by_settings, false) AS by_settings,
        t.lost_on_primary + t.lost_nowhere AS lost
    FROM traffic AS t
    LEFT JOIN seen AS s ON s.cluster_id IS NOT DISTINCT FROM t.cluster_id AND s.gateway IS NOT DISTINCT FROM t.gateway
        AND s.service = t.service AND s.service_port IS NOT DISTINCT FROM t.service_port
    LEFT JOIN groups AS g ON g.cluster_id IS NOT DISTINCT FROM t.cluster_id AND g.service = t.service
        AND g.service_port IS NOT DISTINCT FROM t.service_port
    LEFT JOIN firsts AS p ON p.cluster_id IS NOT DISTINCT FROM t.cluster_id AND p.gateway IS NOT DISTINCT FROM t.gateway
        AND p.service = t.service AND p.service_port IS NOT DISTINCT FROM t.service_port
    LEFT JOIN outlier_settings AS o ON o.cluster_id IS NOT DISTINCT FROM t.cluster_id AND o.service = t.service
        AND o.service_port IS NOT DISTINCT FROM t.service_port
    LEFT JOIN removed AS r ON r.cluster_id IS NOT DISTINCT FROM t.cluster_id AND r.gateway IS NOT DISTINCT FROM t.gateway
        AND r.service = t.service AND r.service_port IS NOT DISTINCT FROM t.service_port
    LEFT JOIN stopped AS x ON x.service = t.service AND x.service_port IS NOT DISTINCT FROM t.service_port
), judged AS (
    SELECT *, CASE
        WHEN failovers > 0 THEN 'failed_over'
        WHEN lost = 0 AND ejections = 0 THEN 'no_failures'
        WHEN len(groups) = 1 THEN 'one_group'
        WHEN NOT is_set AND ejections = 0 THEN 'no_outlier_detection'
        WHEN by_distribute THEN 'distribute'
        WHEN by_percent THEN 'max_ejection_percent'
        WHEN len(groups) = 0 OR primary_group IS NULL THEN 'unknown'
        WHEN ejections > 0 THEN 'not_enough_ejected'
        WHEN is_set THEN 'no_ejection'
        ELSE 'unknown'
    END AS reason
    FROM facts
)
SELECT
    cluster_id, gateway, service, service_port, failovers, reason,
    CASE reason
        WHEN 'failed_over' THEN format(
            '{}: {}, {}{}{}',
            CASE WHEN worst.primary IS NULL THEN 'requests failed together, of endpoints whose cluster is not known'
                 WHEN worst.secondary IS NULL THEN format('{} failed, and nobody took over', worst.primary)
                 ELSE format('failed over from {} to {}', worst.primary, worst.secondary) END,
            worst.kind, replace(worst.trigger, '_', ' '), CASE WHEN worst.open THEN ', still open at the end of the log' ELSE '' END,
            CASE WHEN failovers > 1 THEN format(' (the worst of {})', failovers) ELSE '' END)
            -- Removed endpoints move traffic without outlier detection.
            || CASE WHEN by_settings AND worst.secondary IS NOT NULL AND worst.trigger NOT IN ('endpoints_removed', 'planned_drain')
                    THEN '; the settings given would not have done that: the proxies had others' ELSE '' END
        WHEN 'no_failures' THEN format('no failover, and no reason for one (requests: {}, lost: 0)', requests)
        WHEN 'one_group' THEN format(
            'no failover, though requests were lost ({} of {}): all endpoints known are in {}, so there is nowhere to go',
            lost, requests, groups[1])
        WHEN 'no_outlier_detection' THEN format(
            'no failover, though requests were lost ({} of {}): without outlier detection Istio does not fail over', lost, requests)
        WHEN 'distribute' THEN format(
            'no failover, though requests were lost ({} of {}): distribute fixes where requests go', lost, requests)
        WHEN 'max_ejection_percent' THEN format(
            'no failover, though requests were lost ({} of {}): maxEjectionPercent leaves too many failing endpoints in', lost, requests)
        WHEN 'not_enough_ejected' THEN format(
            'no failover: {} ejections of {} endpoints left {} above 71 percent healthy, or were too short to tell',
            ejections, ejected_endpoints, primary_group)
        WHEN 'no_ejection' THEN format(
            'no failover: requests were lost ({} of {}), but no endpoint failed so often in a row that it was ejected', lost, requests)
        ELSE CASE
            WHEN len(groups) = 0 OR primary_group IS NULL THEN format(
                'requests were lost ({} of {}); whether another cluster could have served is not known (-i FILE can say '
                || 'in which cluster endpoints are)', lost, requests)
            ELSE format(
                'no failover, though requests were lost ({} of {}); whether outlier detection is set is not known (-i a '
                || 'config dump, or the DestinationRules)', lost, requests) END
    END AS sentence
FROM judged
WHERE getvariable('service') IS NULL OR service = getvariable('service')
ORDER BY service, service_port, cluster_id, gateway;
