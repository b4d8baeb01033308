-- Which services were asked for at which gateway, and how often?
SELECT cluster_id, gateway, service, service_port, subset, count(*) AS requests, count(*) FILTER (failed) AS failed
FROM requests
WHERE service IS NOT NULL AND start_time IS NOT NULL AND role <> 'sidecar_inbound'
GROUP BY ALL
ORDER BY requests DESC, service, service_port, subset, cluster_id, gateway
LIMIT 50
