-- How much did each endpoint serve, and how well, counted so that endpoints of one group can be compared?
-- Losses are counted by the second too: a burst of them, when everything fails at once, is one event and not hundreds.
-- internal
-- needs: duration_counts, judged_kinds, endpoint_percentiles, slim_requests
-- columns:
--   service: Host of the service.
--   service_port: Port of the service.
--   subset: Subset; NULL if none.
--   endpoint_group: Endpoint group; its endpoints are peers.
--   endpoint: Address of the endpoint.
--   requests: Requests that ended at it.
--   lost: Those that failed, and those whose client left after waiting a second or more.
--   losing_seconds: Seconds in which one or more of these began.
--   answered: Those that it answered, streams left out.
--   p50_ms: Median duration of those answered, in milliseconds.
--   p95_ms: 95th percentile of the same.
CREATE TABLE endpoint_figures AS
WITH counted AS (
    SELECT
        k.service, k.service_port, k.subset, k.endpoint_group, k.upstream_host AS endpoint,
        sum(d.timed)::BIGINT AS requests,
        coalesce(sum(d.timed) FILTER (k.failed OR k.may_stall AND d.duration_ms >= 1000), 0)::BIGINT AS lost,
        coalesce(sum(d.timed) FILTER (
            k.outcome IN ('ok', 'client_error') AND coalesce(d.duration_ms <= 600000, true)
        ), 0)::BIGINT AS answered
    FROM duration_counts AS d
    JOIN judged_kinds AS k USING (kind)
    WHERE k.service IS NOT NULL AND k.upstream_host IS NOT NULL AND k.group_role <> 'none'
      AND k.role NOT IN ('east_west', 'sidecar_inbound')
    GROUP BY ALL
    HAVING sum(d.timed) > 0
), losing AS (
    SELECT
        service, service_port, subset, endpoint_group, upstream_host AS endpoint,
        count(DISTINCT epoch_us(start_time) // 1000000) AS seconds
    FROM slim_requests
    WHERE (failed OR may_stall) AND (failed OR stalled) AND role NOT IN ('east_west', 'sidecar_inbound')
    GROUP BY ALL
)
SELECT
    c.service, c.service_port, c.subset, c.endpoint_group, c.endpoint, c.requests, c.lost,
    coalesce(l.seconds, 0) AS losing_seconds, c.answered, p.p50_ms, p.p95_ms
FROM counted AS c
LEFT JOIN losing AS l
    ON l.service = c.service AND l.service_port IS NOT DISTINCT FROM c.service_port
    AND l.subset IS NOT DISTINCT FROM c.subset AND l.endpoint_group IS NOT DISTINCT FROM c.endpoint_group
    AND l.endpoint = c.endpoint
LEFT JOIN endpoint_percentiles AS p
    ON p.scope = 'answered' AND p.service = c.service AND p.service_port IS NOT DISTINCT FROM c.service_port
    AND p.subset IS NOT DISTINCT FROM c.subset AND p.endpoint_group IS NOT DISTINCT FROM c.endpoint_group
    AND p.endpoint = c.endpoint;
