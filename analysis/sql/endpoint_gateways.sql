-- Which gateways, of those whose logs are held, stand behind each endpoint that callers knew as an east-west gateway?
-- The gateway that accepted connections at this address; else, behind a load balancer, all of the endpoint's cluster.
-- internal
-- needs: access_log, upstream_endpoints
-- columns:
--   endpoint: Address of the east-west gateway as its callers know it.
--   gateway_key: Number that stands for a replica behind it.
--   log_begin: Since when its log tells: the earliest start of a line in it, in microseconds since 1970.
--   log_end: When it ends: the end of its latest line.
CREATE TABLE endpoint_gateways AS
WITH logs AS (
    SELECT hash(cluster_id, gateway, coalesce(proxy, source)) AS gateway_key, cluster_id,
           list(DISTINCT downstream_local_address) AS listeners,
           min(epoch_us(start_time)) AS log_begin,
           max(epoch_us(start_time) + 1000 * coalesce(duration_ms, 0)) AS log_end
    FROM access_log
    -- Where no such endpoint is known, nothing need be read.
    SEMI JOIN (
        SELECT DISTINCT 'east_west' AS role FROM upstream_endpoints WHERE endpoint_kind = 'east_west_gateway'
    ) USING (role)
    WHERE start_time IS NOT NULL
    GROUP BY ALL
), placed AS (
    SELECT e.upstream_host AS endpoint, any_value(e.endpoint_cluster) AS endpoint_cluster
    FROM upstream_endpoints AS e
    WHERE e.endpoint_kind = 'east_west_gateway'
    GROUP BY e.upstream_host
    HAVING count(DISTINCT e.endpoint_cluster) <= 1
), pairs AS (
    SELECT p.endpoint, l.*, list_contains(l.listeners, p.endpoint) AS is_direct
    FROM placed AS p
    JOIN logs AS l ON list_contains(l.listeners, p.endpoint) OR l.cluster_id = p.endpoint_cluster
)
SELECT endpoint, gateway_key, log_begin, log_end
FROM pairs
QUALIFY is_direct OR NOT bool_or(is_direct) OVER (PARTITION BY endpoint);
