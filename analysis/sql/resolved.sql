-- Which pod answered each access-log entry, as far as entries of other proxies tell?
-- hops without what needs the traffic as a whole, so that one request can be followed without it.
-- internal
-- needs: attributed, caller_segments, identified_endpoints, window_pods
-- columns:
--   attributed.*
--   final_endpoint: Who answered in the end: the endpoint itself when that is no gateway, else who is behind it; NULL where unknown.
--   final_endpoint_basis: direct, exact, request_id, window (candidates only), pending (the line of the connection may yet be written) or none.
--   final_endpoint_candidates: Pods that may have answered, where that is not one.
--   connection_basis: What is known of the connection that carried it to an east-west gateway: exact, window, pending; NULL for none.
--   connection_id: hop_id of that connection, where it is exact.
CREATE VIEW resolved AS
WITH found AS (
    SELECT
        a.*,
        i.pod AS identified, i.candidates, s.basis, s.connection_id, s.pods, s.is_hidden, w.pods AS possible,
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
    a.* EXCLUDE (identified, candidates, basis, connection_id, pods, is_hidden, possible, final_endpoint_basis),
    CASE a.final_endpoint_basis
        WHEN 'direct' THEN a.endpoint WHEN 'exact' THEN a.pods[1] WHEN 'request_id' THEN a.identified
    END AS final_endpoint,
    a.final_endpoint_basis,
    CASE
        WHEN a.final_endpoint_basis <> 'window' THEN []::VARCHAR[]
        WHEN coalesce(a.pods, a.candidates) IS NULL OR a.basis = 'pending' AND a.candidates IS NULL THEN a.possible
        ELSE list_sort(list_distinct(list_concat(coalesce(a.pods, []), coalesce(a.candidates, []))))
    END AS final_endpoint_candidates,
    a.basis AS connection_basis,
    a.connection_id
FROM found AS a;
