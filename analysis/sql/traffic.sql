-- How many requests did each endpoint group get in each second, and how fast were they?
-- Requests count in the second in which they began.
-- needs: requests
-- columns:
--   second: The second in which the requests began (UTC).
--   cluster_id: Kubernetes cluster of the proxy.
--   gateway: Workload of the proxy.
--   proxy: Replica.
--   service: Host of the service.
--   service_port: Port of the service.
--   subset: Subset; NULL if none.
--   endpoint_group: Endpoint group that they were sent to; NULL where no endpoint was chosen or nothing tells.
--   group_role: primary, secondary, none or unknown.
--   requests: Requests.
--   failed: Requests that the caller lost through the upstream side.
--   p50_ms: Median duration in milliseconds, streams left out.
--   p95_ms: 95th percentile of the duration in milliseconds.
--   p99_ms: 99th percentile of the duration in milliseconds.
--   bytes_sent: Bytes of body sent to the downstream.
CREATE VIEW traffic AS
SELECT
    date_trunc('second', start_time) AS second,
    cluster_id, gateway, proxy, service, service_port, subset, endpoint_group, group_role,
    count(*) AS requests,
    count(*) FILTER (failed) AS failed,
    quantile_cont(duration_ms, 0.5) FILTER (NOT pinned) AS p50_ms,
    quantile_cont(duration_ms, 0.95) FILTER (NOT pinned) AS p95_ms,
    quantile_cont(duration_ms, 0.99) FILTER (NOT pinned) AS p99_ms,
    CAST(sum(bytes_sent) AS BIGINT) AS bytes_sent
FROM requests
WHERE start_time IS NOT NULL
GROUP BY ALL;
