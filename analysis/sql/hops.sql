-- Which endpoint, in which cluster, served each access-log entry?
-- One row per entry with attribution; an entry of an ingress and the entry of the gateway behind it are two rows,
-- see requests to count each request once.
-- needs: resolved, judged_kinds, endpoint_priorities
-- columns:
--   attributed.* except kind
--   final_endpoint: Who answered in the end: the endpoint itself when that is no gateway, else who is behind it; NULL where unknown.
--   final_endpoint_basis: direct, exact, request_id, window (candidates only), pending (the line of the connection may yet be written) or none.
--   final_endpoint_candidates: Pods that may have answered, where that is not one.
--   group_role: primary, secondary, none (no endpoint was chosen) or unknown.
--   priority: Envoy's priority of the endpoint for this proxy (0 is asked first), by its snapshots around the request; NULL where none states it, or the last one before and the first one after differ.
CREATE VIEW hops AS
SELECT
    a.* EXCLUDE (kind, connection_basis, connection_id),
    k.group_role,
    CASE WHEN a.endpoint_kind <> 'none' THEN o.priority END AS priority
FROM resolved AS a
JOIN judged_kinds AS k ON k.kind = a.kind
LEFT JOIN endpoint_priorities AS o
    ON o.proxy_key = hash(a.cluster_id, a.gateway, coalesce(a.proxy, a.source))
    AND o.upstream_cluster = a.upstream_cluster
    AND o.address = a.endpoint_ip AND o.port = a.endpoint_port
    AND (o.since IS NULL OR a.start_time >= o.since)
    AND (o.until IS NULL OR a.start_time < o.until);
