-- How many requests did each endpoint get in each second?
-- needs: requests
-- columns:
--   second: The second in which the requests began (UTC).
--   cluster_id: Kubernetes cluster of the proxy.
--   gateway: Workload of the proxy.
--   proxy: Replica.
--   service: Host of the service.
--   service_port: Port of the service.
--   endpoint: Address of the endpoint.
--   workload: Workload or pod name of the endpoint, where known.
--   endpoint_kind: pod, east_west_gateway, external, internal or unknown.
--   endpoint_group: Endpoint group it belongs to.
--   requests: Requests.
--   failed: Requests that the caller lost through the upstream side.
CREATE VIEW endpoint_traffic AS
SELECT
    date_trunc('second', start_time) AS second,
    cluster_id, gateway, proxy, service, service_port, endpoint, workload, endpoint_kind, endpoint_group,
    count(*) AS requests,
    count(*) FILTER (failed) AS failed
FROM requests
WHERE start_time IS NOT NULL AND endpoint IS NOT NULL AND endpoint_kind <> 'none'
GROUP BY ALL;
