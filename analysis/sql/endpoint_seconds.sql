-- Which endpoint got how many requests of each proxy and service in each second?
-- internal
-- needs: routed
-- columns:
--   route: Number that stands for proxy and service.
--   endpoint: Address of the endpoint, as logged.
--   endpoint_group: Endpoint group it belongs to.
--   second: The second in which the requests began (UTC).
--   requests: Requests that ended at the endpoint.
--   failed: Those of them that were lost.
--   last_hop_id: The last of them.
CREATE TABLE endpoint_seconds AS
SELECT
    route, endpoint, any_value(endpoint_group) AS endpoint_group, make_timestamptz(second * 1000000) AS second,
    count(*) AS requests, count(*) FILTER (failed) AS failed, arg_max(hop_id, start_time) AS last_hop_id
FROM (SELECT *, epoch_us(start_time) // 1000000 AS second FROM routed)
WHERE endpoint IS NOT NULL AND group_role <> 'none'
GROUP BY route, endpoint, second;
