-- Which endpoint, in which cluster, served each access-log entry?
-- One row per entry with attribution; an entry of an ingress and the entry of the gateway behind it are two rows,
-- see requests to count each request once.
-- needs: attributed, caller_segments, identified_endpoints, window_pods, primaries, endpoint_priorities
-- columns:
--   attributed.*
--   final_endpoint: Who answered in the end: the endpoint itself when that is no gateway, else who is behind it; NULL where unknown.
--   final_endpoint_basis: direct, exact, request_id, window (candidates only), pending (the line of the connection may yet be written) or none.
--   final_endpoint_candidates: Pods that may have answered, where that is not one.
--   group_role: primary, secondary, none (no endpoint was chosen) or unknown.
--   priority: Envoy's priority of the endpoint for this proxy (0 is asked first), by its snapshots around the request; NULL where none states it, or the last one before and the first one after differ.
CREATE VIEW hops AS
WITH found AS (
    SELECT
        a.*,
        i.pod AS identified, i.candidates, s.basis, s.pods, s.is_hidden, w.pods AS possible,
        CASE
            WHEN a.endpoint_kind = 'none' THEN 'none'
            -- An egress gateway, say, whose own line says where it went.
            WHEN a.endpoint_kind IN ('unknown', 'internal') AND i.is_forwarded AND i.pod IS NOT NULL THEN 'request_id'
            WHEN a.endpoint_kind <> 'east_west_gateway' OR a.role = 'east_west' THEN
                CASE WHEN a.endpoint IS NOT NULL THEN 'direct' ELSE 'none' END
            -- No connection was made, so nobody behind the gateway can have answered.
            WHEN a.outcome = 'upstream_unreachable' THEN 'none'
            WHEN s.basis = 'exact' AND (i.candidates IS NULL OR i.pod = s.pods[1]) THEN 'exact'
            WHEN s.basis = 'exact' AND i.candidates IS NOT NULL THEN 'window'
            WHEN i.pod IS NOT NULL THEN 'request_id'
            WHEN s.basis = 'window' OR i.candidates IS NOT NULL THEN 'window'
            WHEN w.pods IS NOT NULL AND coalesce(s.is_hidden, a.upstream_local_address IS NULL) THEN 'window'
            WHEN s.basis = 'pending' THEN 'pending'
            ELSE 'none'
        END AS final_endpoint_basis
    FROM attributed AS a
    LEFT JOIN caller_segments AS s
        ON s.call_key = hash(hash(a.cluster_id, a.gateway, coalesce(a.proxy, a.source)), a.service, a.service_port,
                             a.endpoint, a.upstream_local_address)
        AND s.from_us <= epoch_us(CASE WHEN a.log_kind = 'tcp' THEN a.start_time + (a.end_time - a.start_time) / 2
                                       ELSE a.end_time END)
        AND s.until_us > epoch_us(CASE WHEN a.log_kind = 'tcp' THEN a.start_time + (a.end_time - a.start_time) / 2
                                       ELSE a.end_time END)
    LEFT JOIN identified_endpoints AS i ON i.hop_id = a.hop_id
    LEFT JOIN window_pods AS w
        ON w.endpoint = a.endpoint AND w.service = a.service AND w.service_port IS NOT DISTINCT FROM a.service_port
        AND w.minute = epoch_us(a.end_time) // 60000000
)
SELECT
    a.* EXCLUDE (identified, candidates, basis, pods, is_hidden, possible, final_endpoint_basis),
    CASE a.final_endpoint_basis
        WHEN 'direct' THEN a.endpoint WHEN 'exact' THEN a.pods[1] WHEN 'request_id' THEN a.identified
    END AS final_endpoint,
    a.final_endpoint_basis,
    CASE
        WHEN a.final_endpoint_basis <> 'window' THEN []::VARCHAR[]
        WHEN coalesce(a.pods, a.candidates) IS NULL OR a.basis = 'pending' AND a.candidates IS NULL THEN a.possible
        ELSE list_sort(list_distinct(list_concat(coalesce(a.pods, []), coalesce(a.candidates, []))))
    END AS final_endpoint_candidates,
    CASE
        WHEN a.endpoint_kind = 'none' THEN 'none'
        WHEN a.endpoint_group IS NULL OR p.primary_group IS NULL THEN 'unknown'
        WHEN a.endpoint_group = p.primary_group THEN 'primary'
        ELSE 'secondary'
    END AS group_role,
    CASE WHEN a.endpoint_kind <> 'none' THEN o.priority END AS priority
FROM found AS a
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
