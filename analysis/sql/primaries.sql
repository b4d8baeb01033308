-- Which endpoint group is the primary of each service at each gateway, and how is that known?
-- In this order: --primary; the primaries of hopline.toml, by service; declared (the lowest priority number in the earliest snapshot that shows two groups, so
-- that a snapshot taken during the failover does not turn it round); the caller's own cluster; the only group there
-- is; the group that most of the first 50 requests went to.
-- needs: attributed_kinds, slim_log, inventory, cluster_names, endpoint_groups
-- columns:
--   cluster_id: Kubernetes cluster of the gateway.
--   gateway: Workload whose proxies sent the requests.
--   service: Host of the service.
--   service_port: Port of the service.
--   subset: Subset of the DestinationRule; NULL if none.
--   primary_group: The primary endpoint group; NULL where nothing tells.
--   primary_basis: flag, config, declared, caller_cluster, only_group, traffic or none.
CREATE TABLE primaries AS
WITH seen AS (
    SELECT DISTINCT cluster_id, gateway, service, service_port, subset, endpoint_group
    FROM attributed_kinds
    WHERE role NOT IN ('east_west', 'sidecar_inbound') AND service IS NOT NULL
), keys AS (
    SELECT
        cluster_id, gateway, service, service_port, subset,
        list(DISTINCT endpoint_group) FILTER (endpoint_group IS NOT NULL) AS groups
    FROM seen
    GROUP BY ALL
), open_keys AS (
    SELECT * FROM keys WHERE len(groups) > 1 AND NOT list_contains(groups, coalesce(cluster_id, 'local'))
), early AS (
    -- Only where nothing else decides: the first requests of a whole log are dear to find.
    SELECT cluster_id, gateway, service, service_port, subset, mode(endpoint_group) AS endpoint_group
    FROM (
        SELECT
            a.cluster_id, a.gateway, a.service, a.service_port, a.subset, a.endpoint_group,
            row_number() OVER (
                PARTITION BY a.cluster_id, a.gateway, a.service, a.service_port, a.subset ORDER BY l.start_time, l.hop_id
            ) AS n
        FROM slim_log AS l
        JOIN attributed_kinds AS a USING (kind)
        SEMI JOIN open_keys AS o
            ON o.service = a.service AND o.cluster_id IS NOT DISTINCT FROM a.cluster_id
            AND o.gateway IS NOT DISTINCT FROM a.gateway AND o.service_port IS NOT DISTINCT FROM a.service_port
            AND o.subset IS NOT DISTINCT FROM a.subset
        WHERE a.role NOT IN ('east_west', 'sidecar_inbound') AND a.endpoint_group IS NOT NULL
    )
    WHERE n <= 50
    GROUP BY ALL
), declared AS (
    SELECT
        coalesce(i.service, c.service) AS service,
        coalesce(i.service_port, c.service_port) AS service_port,
        i.observer_cluster_id,
        i.observed_at,
        -- The group is named in the same way as in endpoint_groups.
        coalesce(i.cluster_id, i.network) AS endpoint_group,
        min(i.priority) AS priority
    FROM inventory AS i
    LEFT JOIN cluster_names AS c ON c.upstream_cluster = i.upstream_cluster
    -- What states no priority (a table, a ServiceEntry) declares no order.
    WHERE coalesce(i.cluster_id, i.network) IS NOT NULL AND i.priority IS NOT NULL
    GROUP BY ALL
), snapshots AS (
    SELECT
        service, service_port, observer_cluster_id, observed_at,
        arg_min(endpoint_group, priority) AS first_group,
        min(priority) AS best,
        list(priority) AS priorities
    FROM declared
    GROUP BY ALL
    HAVING count(DISTINCT endpoint_group) > 1
), chosen AS (
    SELECT service, service_port, observer_cluster_id,
           arg_min(first_group, coalesce(observed_at, TIMESTAMPTZ '9999-01-01 00:00:00Z')) AS endpoint_group
    FROM snapshots
    -- Two groups at the lowest priority are active-active: nothing is declared about which of them comes first.
    WHERE len(list_filter(priorities, lambda p: p = best)) = 1
    GROUP BY ALL
), ranked AS (
    SELECT
        k.*,
        CASE WHEN list_contains(k.groups, getvariable('primary_group')) THEN getvariable('primary_group') END AS by_flag,
        getvariable('primaries')[k.service] AS by_config,
        d.endpoint_group AS by_declaration,
        CASE
            WHEN list_contains(k.groups, coalesce(k.cluster_id, 'local')) THEN coalesce(k.cluster_id, 'local')
        END AS by_caller,
        CASE WHEN len(k.groups) = 1 THEN k.groups[1] END AS by_being_alone,
        e.endpoint_group AS by_traffic
    FROM keys AS k
    LEFT JOIN chosen AS d
        ON d.service = k.service AND d.service_port IS NOT DISTINCT FROM k.service_port
        AND (d.observer_cluster_id IS NOT DISTINCT FROM k.cluster_id OR d.observer_cluster_id IS NULL)
    LEFT JOIN early AS e
        ON e.cluster_id IS NOT DISTINCT FROM k.cluster_id AND e.gateway IS NOT DISTINCT FROM k.gateway
        AND e.service = k.service AND e.service_port IS NOT DISTINCT FROM k.service_port
        AND e.subset IS NOT DISTINCT FROM k.subset
)
SELECT
    cluster_id, gateway, service, service_port, subset,
    coalesce(by_flag, by_config, by_declaration, by_caller, by_being_alone, by_traffic) AS primary_group,
    CASE
        WHEN by_flag IS NOT NULL THEN 'flag'
        WHEN by_config IS NOT NULL THEN 'config'
        WHEN by_declaration IS NOT NULL THEN 'declared'
        WHEN by_caller IS NOT NULL THEN 'caller_cluster'
        WHEN by_being_alone IS NOT NULL THEN 'only_group'
        WHEN by_traffic IS NOT NULL THEN 'traffic'
        ELSE 'none'
    END AS primary_basis
FROM ranked;
