-- Which services were asked for at which gateway, how often, and from when to when?
SELECT
    cluster_id, gateway, service, service_port, subset,
    count(*) AS requests,
    min(start_time) AS first_time,
    max(start_time) AS last_time
FROM routed
GROUP BY ALL
ORDER BY requests DESC, service, service_port, subset, cluster_id, gateway
