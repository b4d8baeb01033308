-- Which entries sent a request to an east-west gateway, from which address, and when was that connection surely open?
-- It was open when an HTTP request on it ended, and in the middle of a TCP entry, which has it to itself.
-- internal
-- needs: attributed
-- columns:
--   hop_id: Number of the entry.
--   caller_key: Number that stands for the proxy (a hash of cluster, gateway and proxy).
--   call_key: Number that stands for proxy, service, endpoint and own address (a hash of caller_key and the rest).
--   cluster_id: Kubernetes cluster of the proxy.
--   service: Host of the service.
--   service_port: Port of the service.
--   endpoint: Address of the east-west gateway.
--   address: ip:port from which the proxy spoke to it; NULL where it is not logged, or no connection was made.
--   open_at: Then the connection was open, by the proxy's clock, in microseconds since 1970.
CREATE VIEW gateway_callers AS
SELECT
    hop_id,
    hash(cluster_id, gateway, coalesce(proxy, source)) AS caller_key,
    hash(caller_key, service, service_port, endpoint, upstream_local_address) AS call_key,
    cluster_id, service, service_port, endpoint,
    upstream_local_address AS address,
    epoch_us(CASE WHEN log_kind = 'tcp' THEN start_time + (end_time - start_time) / 2 ELSE end_time END) AS open_at
FROM attributed
WHERE endpoint_kind = 'east_west_gateway' AND role <> 'east_west';
