-- Which requests took longest?
-- Streams (pinned) are left out: a connection that was held open is not slow.
-- needs: requests
-- parameters:
--   since: Only requests from this time on; NULL leaves the window open.
--   until: Only requests before this time; NULL leaves the window open.
--   top: How many.
-- example: FROM slowest(since := '2026-11-24T02:32:15Z', top := 5)
-- columns:
--   start_time: When it began (UTC).
--   duration_ms: Milliseconds from the start of the request to the last byte out.
--   upstream_service_time_ms: Milliseconds the upstream took, retries included.
--   service: Host of the service.
--   endpoint: The upstream address as logged.
--   endpoint_group: Endpoint group that it belongs to.
--   workload: Workload or pod name of the endpoint.
--   method: HTTP method.
--   path: Request path with query, as logged.
--   response_code: HTTP status.
--   response_flags: Response flags.
--   outcome: How it ended.
--   request_id: The X-Request-Id header: `hopline trace` follows it.
--   source: File of the line.
--   line: Line in that file.
CREATE MACRO slowest(since := NULL, until := NULL, top := 20) AS TABLE
SELECT
    start_time, duration_ms, upstream_service_time_ms, service, endpoint, endpoint_group, workload, method, path,
    response_code, response_flags, outcome, request_id, source, line
FROM requests
WHERE NOT pinned
  AND duration_ms IS NOT NULL
  AND (since IS NULL OR start_time >= CAST(since AS TIMESTAMPTZ))
  AND (until IS NULL OR start_time < CAST(until AS TIMESTAMPTZ))
ORDER BY duration_ms DESC, start_time, source, line
LIMIT CAST(top AS BIGINT);
