-- Which endpoint, in which cluster, served each access-log entry?
-- One row per entry with attribution; an entry of an ingress and the entry of the gateway behind it are two rows,
-- see requests to count each request once.
-- needs: resolved, primaries, endpoint_priorities
-- columns:
--   attributed.*
--   final_endpoint: Who answered in the end: the endpoint itself when that is no gateway, else who is behind it; NULL where unknown.
--   final_endpoint_basis: direct, exact, request_id, window (candidates only), pending (the line of the connection may yet be written) or none.
--   final_endpoint_candidates: Pods that may have answered, where that is not one.
--   group_role: primary, secondary, none (no endpoint was chosen) or unknown.
--   priority: Envoy's priority of the endpoint for this proxy (0 is asked first), by its snapshots around the request; NULL where none states it, or the last one before and the first one after differ.
CREATE VIEW hops AS
SELECT
    a.* EXCLUDE (connection_basis, connection_id),
    CASE
        WHEN a.endpoint_kind = 'none' THEN 'none'
        WHEN a.endpoint_group IS NULL OR p.primary_group IS NULL THEN 'unknown'
        WHEN a.endpoint_group = p.primary_group THEN 'primary'
        ELSE 'secondary'
    END AS group_role,
    CASE WHEN a.endpoint_kind <> 'none' THEN o.priority END AS priority
FROM resolved AS a
LEFT JOIN primaries AS p
    ON p.cluster_id IS NOT DISTINCT FROM a.cluster_id
    AND p.gateway IS NOT DISTINCT FROM a.gateway
    AND p.service = a.service
    AND p.service_port IS NOT DISTINCT FROM a.service_port
    AND p.subset IS NOT DISTINCT FROM a.subset
LEFT JOIN endpoint_priorities AS o
    ON o.proxy_key = hash(a.cluster_id, a.gateway, coalesce(a.proxy, a.source))
    AND o.upstream_cluster = a.upstream_cluster
    AND o.endpoint = format(CASE WHEN contains(a.endpoint_ip, ':') THEN '[{}]:{}' ELSE '{}:{}' END, a.endpoint_ip, a.endpoint_port)
    AND (o.since IS NULL OR a.start_time >= o.since)
    AND (o.until IS NULL OR a.start_time < o.until);
