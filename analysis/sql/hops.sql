-- Which endpoint, in which cluster, served each access-log entry?
-- One row per entry with attribution; an entry of an ingress and the entry of the gateway behind it are two rows,
-- see requests to count each request once.
-- needs: attributed, final_endpoints, primaries
-- columns:
--   attributed.*
--   final_endpoint: Who answered in the end: the endpoint itself when that is no gateway, else the pod behind it; NULL where unknown.
--   final_endpoint_basis: direct, exact, request_id, window, pending or none.
--   final_endpoint_candidates: Pods that may have answered, where that is not one.
--   group_role: primary, secondary, none (no endpoint was chosen) or unknown.
CREATE VIEW hops AS
SELECT
    a.*,
    CASE
        WHEN f.hop_id IS NOT NULL THEN f.final_endpoint
        WHEN a.endpoint_kind <> 'none' THEN a.endpoint
    END AS final_endpoint,
    CASE
        WHEN f.hop_id IS NOT NULL THEN f.final_endpoint_basis
        WHEN a.endpoint_kind <> 'none' AND a.endpoint IS NOT NULL THEN 'direct'
        ELSE 'none'
    END AS final_endpoint_basis,
    coalesce(f.final_endpoint_candidates, []::VARCHAR[]) AS final_endpoint_candidates,
    CASE
        WHEN a.endpoint_kind = 'none' THEN 'none'
        WHEN a.endpoint_group IS NULL OR p.primary_group IS NULL THEN 'unknown'
        WHEN a.endpoint_group = p.primary_group THEN 'primary'
        ELSE 'secondary'
    END AS group_role
FROM attributed AS a
LEFT JOIN final_endpoints AS f ON f.hop_id = a.hop_id
LEFT JOIN primaries AS p
    ON p.cluster_id IS NOT DISTINCT FROM a.cluster_id
    AND p.gateway IS NOT DISTINCT FROM a.gateway
    AND p.service = a.service
    AND p.service_port IS NOT DISTINCT FROM a.service_port
    AND p.subset IS NOT DISTINCT FROM a.subset;
