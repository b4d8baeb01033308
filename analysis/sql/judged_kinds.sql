-- Which part does the endpoint of each kind of entries play, the primary's or the secondary's?
-- internal
-- needs: attributed_kinds, primaries
-- columns:
--   attributed_kinds.*
--   group_role: primary, secondary, none (no endpoint was chosen) or unknown.
--   route: Number that stands for proxy and service (a hash of proxy, service, port and subset).
--   flags: Response flags, joined with commas.
CREATE TABLE judged_kinds AS
SELECT
    k.*,
    CASE
        WHEN k.endpoint_kind = 'none' THEN 'none'
        WHEN k.endpoint_group IS NULL OR p.primary_group IS NULL THEN 'unknown'
        WHEN k.endpoint_group = p.primary_group THEN 'primary'
        ELSE 'secondary'
    END AS group_role,
    hash(k.cluster_id, k.gateway, k.proxy, k.service, k.service_port, k.subset) AS route,
    array_to_string(k.response_flags, ',') AS flags
FROM attributed_kinds AS k
LEFT JOIN primaries AS p
    ON p.cluster_id IS NOT DISTINCT FROM k.cluster_id
    AND p.gateway IS NOT DISTINCT FROM k.gateway
    AND p.service = k.service
    AND p.service_port IS NOT DISTINCT FROM k.service_port
    AND p.subset IS NOT DISTINCT FROM k.subset;
