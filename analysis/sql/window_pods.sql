-- To which pods did connections that no caller explains lead, minute by minute?
-- What can be said where addresses cannot be followed: who was reachable through the gateway by this service's name.
-- internal
-- needs: east_west_connections, caller_windows, endpoint_gateways
-- columns:
--   endpoint: Address of the east-west gateway as its callers know it.
--   service: Host of the service.
--   service_port: Port of the service.
--   minute: Minutes since 1970, by the caller's clock.
--   pods: Pods with an open connection in that minute, give or take five seconds.
CREATE TABLE window_pods AS
WITH unexplained AS (
    SELECT * FROM east_west_connections ANTI JOIN caller_windows USING (connection_id)
), minutes AS (
    SELECT DISTINCT
        gateway_key, service, service_port, pod,
        unnest(range((opened - 5000000) // 60000000, (closed + 5000000) // 60000000 + 1)) AS minute
    FROM unexplained
)
SELECT e.endpoint, m.service, m.service_port, m.minute, list_sort(list(DISTINCT m.pod)) AS pods
FROM minutes AS m
JOIN endpoint_gateways AS e USING (gateway_key)
GROUP BY ALL;
