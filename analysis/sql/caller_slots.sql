-- From which addresses did requests go to the east-west gateways, ten seconds by ten seconds?
-- The coarse pass of the hop join: millions of requests become about as many rows as there are connections in use;
-- clocks, pending lines and reused ports are judged by these.
-- internal
-- needs: gateway_callers
-- columns:
--   call_key: Number that stands for proxy, service, endpoint and own address.
--   caller_key: Number that stands for the proxy.
--   cluster_id: Kubernetes cluster of the proxy.
--   service: Host of the service.
--   service_port: Port of the service.
--   endpoint: Address of the east-west gateway.
--   address: ip:port from which the proxy spoke to it.
--   slot: The ten seconds, counted since 1970.
--   first_open: The earliest time in them when the connection was open, by the proxy's clock, in microseconds since 1970.
--   last_open: The latest.
--   requests: Requests.
CREATE TABLE caller_slots AS
SELECT
    call_key, any_value(caller_key) AS caller_key, any_value(cluster_id) AS cluster_id, any_value(service) AS service,
    any_value(service_port) AS service_port, any_value(endpoint) AS endpoint, any_value(address) AS address,
    open_at // 10000000 AS slot, min(open_at) AS first_open, max(open_at) AS last_open, count(*) AS requests
FROM gateway_callers
WHERE address IS NOT NULL AND service IS NOT NULL AND open_at IS NOT NULL
GROUP BY call_key, slot;
