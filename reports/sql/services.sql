-- Which services were asked for at which gateway, how often, and from when to when?
SELECT
    cluster_id, gateway, service, service_port, subset,
    sum(timed)::BIGINT AS requests,
    min(first_time) AS first_time,
    max(last_time) AS last_time
FROM counted_kinds
WHERE timed > 0 AND service IS NOT NULL AND role NOT IN ('east_west', 'sidecar_inbound')
GROUP BY ALL
ORDER BY requests DESC, service, service_port, subset, cluster_id, gateway
