-- Which endpoints served each service, how much, and how well?
-- One row per service and endpoint as its callers saw it: declared endpoints that never got a request stand here too.
-- needs: counted_kinds, endpoint_percentiles, slim_requests, pods, inventory, cluster_names, declared_endpoints, ejections, odd_endpoints
-- columns:
--   service: Host of the service.
--   service_port: Port of the service.
--   subset: Subset; NULL if none.
--   endpoint: Address of the endpoint; NULL for requests that found none.
--   endpoint_kind: pod, east_west_gateway, external, internal, none or unknown.
--   endpoint_cluster: Kubernetes cluster that it lives in.
--   endpoint_group: Endpoint group that it belongs to.
--   group_role: primary, secondary, none or unknown.
--   network: Istio network that it lives in.
--   region: Region of its locality.
--   zone: Zone of its locality.
--   subzone: Sub-zone of its locality.
--   priority: Envoy's priority in the earliest snapshot that states one; NULL where callers were told different ones.
--   workload: Workload or pod name.
--   endpoint_basis: How that is known: inventory, config, gateway_log, port, hop or none.
--   requests: Requests that ended at this endpoint (the last attempt of each).
--   failed: Those that the caller lost through the upstream side.
--   by_flags: Its requests by their response flags, joined with commas and in alphabetical order; those without are left out.
--   share: Its share of the requests of the service, 0 to 1.
--   p50_ms: Median duration of its requests in milliseconds.
--   p95_ms: 95th percentile of the same.
--   p99_ms: 99th percentile of the same.
--   first_seen: Start of its first request (UTC).
--   last_seen: Start of its last request (UTC).
--   out_of_line: failures, latency or both, where it differs from the other endpoints of its group beyond chance; else NULL. odd_endpoints says how.
--   ejections: How often outlier detection ejected it, logged or inferred, over all proxies whose log we hold; within --since and --until, also those that were still in force.
CREATE TABLE endpoints AS
WITH housed AS (
    -- The pods that had the address when there was a request.
    SELECT DISTINCT r.kind, p.* EXCLUDE (cluster_id, address, valid_from, valid_until)
    FROM pods AS p
    JOIN slim_requests AS r
        ON p.address = r.endpoint_ip AND p.cluster_id = r.housed_cluster
        AND (p.valid_from IS NULL OR r.start_time >= p.valid_from)
        AND (p.valid_until IS NULL OR r.start_time < p.valid_until)
), placed AS (
    SELECT
        service, service_port, subset, endpoint,
        any_value(endpoint_kind) AS endpoint_kind,
        any_value(endpoint_cluster) AS endpoint_cluster,
        any_value(endpoint_group) AS endpoint_group,
        any_value(group_role) AS group_role,
        any_value(coalesce(k.network, p.network)) AS network,
        any_value(coalesce(k.region, p.region)) AS region,
        any_value(CASE WHEN k.region IS NULL OR k.region = p.region THEN coalesce(k.zone, p.zone) ELSE k.zone END) AS zone,
        any_value(CASE WHEN k.region IS NULL OR k.region = p.region THEN coalesce(k.subzone, p.subzone) ELSE k.subzone END)
            AS subzone,
        any_value(coalesce(k.workload, p.workload, k.tunnel.workload)) AS workload,
        any_value(endpoint_basis) AS endpoint_basis
    FROM counted_kinds AS k
    LEFT JOIN housed AS p USING (kind)
    WHERE service IS NOT NULL
    GROUP BY service, service_port, subset, endpoint
), flagged AS (
    SELECT
        service, service_port, subset, endpoint,
        nullif(array_to_string(list_sort(response_flags), ','), '') AS flags,
        sum(requests)::BIGINT AS requests,
        coalesce(sum(requests) FILTER (failed), 0)::BIGINT AS failed,
        min(first_time) AS first_seen,
        max(last_time) AS last_seen
    FROM counted_kinds
    WHERE service IS NOT NULL
    GROUP BY ALL
), totals AS (
    SELECT
        service, service_port, subset, endpoint,
        sum(requests)::BIGINT AS requests,
        sum(failed)::BIGINT AS failed,
        map(
            list(flags ORDER BY flags) FILTER (flags IS NOT NULL),
            list(requests::UBIGINT ORDER BY flags) FILTER (flags IS NOT NULL)
        ) AS by_flags,
        min(first_seen) AS first_seen,
        max(last_seen) AS last_seen
    FROM flagged
    GROUP BY service, service_port, subset, endpoint
), observed AS (
    SELECT p.*, t.requests, t.failed, t.by_flags, m.p50_ms, m.p95_ms, m.p99_ms, t.first_seen, t.last_seen
    FROM placed AS p
    JOIN totals AS t
        ON t.service = p.service AND t.service_port IS NOT DISTINCT FROM p.service_port
        AND t.subset IS NOT DISTINCT FROM p.subset AND t.endpoint IS NOT DISTINCT FROM p.endpoint
    LEFT JOIN endpoint_percentiles AS m
        ON m.scope = 'all' AND m.service = p.service AND m.service_port IS NOT DISTINCT FROM p.service_port
        AND m.subset IS NOT DISTINCT FROM p.subset AND m.endpoint IS NOT DISTINCT FROM p.endpoint
), ranked AS (
    SELECT
        c.service, c.service_port,
        CASE WHEN contains(i.address, ':') THEN format('[{}]:{}', i.address, i.port)
             ELSE format('{}:{}', i.address, i.port) END AS endpoint,
        i.observer_cluster_id,
        arg_min(i.priority, coalesce(i.observed_at, TIMESTAMPTZ '9999-01-01 00:00:00Z')) AS priority
    FROM inventory AS i
    JOIN cluster_names AS c USING (upstream_cluster)
    WHERE i.priority IS NOT NULL AND NOT coalesce(c.sni_dnat, false)
    GROUP BY ALL
), priorities AS (
    SELECT service, service_port, endpoint, CASE WHEN count(DISTINCT priority) = 1 THEN any_value(priority) END AS priority
    FROM ranked
    GROUP BY ALL
), callers AS (
    SELECT DISTINCT service, service_port, cluster_id FROM counted_kinds
), told AS (
    -- Only what was declared to the callers: an east-west gateway is told of other endpoints than they are.
    SELECT DISTINCT k.service, k.service_port,
        CASE WHEN contains(i.address, ':') THEN format('[{}]:{}', i.address, i.port)
             ELSE format('{}:{}', i.address, i.port) END AS endpoint
    FROM inventory AS i
    JOIN cluster_names AS c USING (upstream_cluster)
    JOIN callers AS k
        ON k.service = c.service AND k.service_port IS NOT DISTINCT FROM c.service_port
        AND (i.observer_cluster_id IS NULL OR k.cluster_id IS NOT DISTINCT FROM i.observer_cluster_id)
), silent AS (
    SELECT d.*
    FROM declared_endpoints AS d
    SEMI JOIN told AS t
        ON t.service = d.service AND t.service_port IS NOT DISTINCT FROM d.service_port AND t.endpoint = d.endpoint
    ANTI JOIN observed AS p
        ON p.service = d.service AND p.service_port IS NOT DISTINCT FROM d.service_port AND p.endpoint = d.endpoint
), ejected AS (
    SELECT service, service_port, endpoint, count(*) AS ejections FROM ejections
    WHERE enforced IS DISTINCT FROM false
      AND (getvariable('until') IS NULL OR ejected_at < getvariable('until'))
      AND (getvariable('since') IS NULL OR coalesce(unejected_at > getvariable('since'), true))
    GROUP BY ALL
), all_endpoints AS (
    SELECT * FROM observed
    UNION ALL BY NAME
    SELECT service, service_port, endpoint, endpoint_cluster, network, region, zone, subzone, workload,
           coalesce(endpoint_cluster, network) AS endpoint_group, CASE WHEN ends_with(endpoint, ':15443') THEN 'east_west_gateway' ELSE 'pod' END AS endpoint_kind,
           'unknown' AS group_role,
           'inventory' AS endpoint_basis, 0 AS requests, 0 AS failed
    FROM silent
)
SELECT
    a.service, a.service_port, a.subset, a.endpoint, a.endpoint_kind, a.endpoint_cluster, a.endpoint_group,
    coalesce(
        nullif(a.group_role, 'unknown'),
        any_value(nullif(a.group_role, 'unknown')) OVER (PARTITION BY a.service, a.service_port, a.endpoint_group),
        'unknown'
    ) AS group_role,
    a.network, a.region, a.zone, a.subzone, p.priority, a.workload, a.endpoint_basis, a.requests, a.failed,
    coalesce(a.by_flags, MAP {}) AS by_flags,
    a.requests / nullif(sum(a.requests) OVER (PARTITION BY a.service, a.service_port, a.subset), 0) AS share,
    a.p50_ms, a.p95_ms, a.p99_ms,
    a.first_seen, a.last_seen,
    o.oddities AS out_of_line,
    coalesce(e.ejections, 0) AS ejections
FROM all_endpoints AS a
LEFT JOIN priorities AS p
    ON p.service = a.service AND p.service_port IS NOT DISTINCT FROM a.service_port AND p.endpoint = a.endpoint
LEFT JOIN odd_endpoints AS o
    ON o.service = a.service AND o.service_port IS NOT DISTINCT FROM a.service_port
    AND o.subset IS NOT DISTINCT FROM a.subset AND o.endpoint = a.endpoint
LEFT JOIN ejected AS e
    ON e.service = a.service AND e.service_port IS NOT DISTINCT FROM a.service_port AND e.endpoint = a.endpoint
ORDER BY
    a.service, a.service_port, a.subset,
    list_position(['primary', 'secondary', 'unknown', 'none'], group_role), a.endpoint;
