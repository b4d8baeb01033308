-- Which services were asked for at east-west gateways alone, as no caller's log is held?
SELECT
    cluster_id, gateway, service, service_port, subset,
    count(*) AS requests,
    min(start_time) AS first_time,
    max(start_time) AS last_time
FROM requests
WHERE service IS NOT NULL AND start_time IS NOT NULL AND role <> 'sidecar_inbound'
GROUP BY ALL
ORDER BY requests DESC, service, service_port, subset, cluster_id, gateway
