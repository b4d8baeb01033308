-- How much did each endpoint serve, and how well, counted so that endpoints of one group can be compared?
-- Losses are counted by the second too: a burst of them, when everything fails at once, is one event and not hundreds.
-- internal
-- needs: routed
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
SELECT
    service, service_port, subset, endpoint_group, endpoint,
    count(*) AS requests,
    count(*) FILTER (failed OR stalled) AS lost,
    count(DISTINCT date_trunc('second', start_time)) FILTER (failed OR stalled) AS losing_seconds,
    count(*) FILTER (outcome IN ('ok', 'client_error') AND NOT pinned) AS answered,
    quantile_cont(duration_ms, 0.5) FILTER (outcome IN ('ok', 'client_error') AND NOT pinned) AS p50_ms,
    quantile_cont(duration_ms, 0.95) FILTER (outcome IN ('ok', 'client_error') AND NOT pinned) AS p95_ms
FROM routed
WHERE service IS NOT NULL AND endpoint IS NOT NULL AND group_role <> 'none'
GROUP BY service, service_port, subset, endpoint_group, endpoint;
