-- Which requests did each failover lose: in which phase, with which flags, on which path?
-- A retry would have saved a request that was lost at its only attempt although it never reached a pod (or has a method
-- that may be repeated), while the service answered others within the same second. That is told only where attempts
-- are logged (%UPSTREAM_REQUEST_ATTEMPT_COUNT%).
-- needs: phase_hours, troubled, seconds, lost_requests
-- columns:
--   failover_id: The failover.
--   seq: Number of the phase within it.
--   phase: The phase in which the requests began.
--   flags: Response flags, joined with commas; empty where none were logged.
--   outcome: How they ended.
--   endpoint_group: Endpoint group that they were sent to; NULL where no endpoint was found.
--   method: Method of the requests.
--   path: Path without its query, cut at 200 characters.
--   failed: Requests that were lost.
--   saved_by_retry: Those of them that a retry would have saved; NULL where attempts are not logged.
CREATE TABLE failover_losses AS
SELECT
    p.failover_id, p.seq, p.phase, coalesce(r.flags, '') AS flags, r.outcome, r.endpoint_group, q.method, q.path,
    count(*) AS failed,
    CASE WHEN count(q.attempts) > 0 THEN count(*) FILTER (
        q.attempts = 1 AND s.primary_ok + s.secondary_ok > 0
        AND (r.outcome IN ('upstream_unreachable', 'overflow') OR q.method IN ('GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'))
    ) END AS saved_by_retry
FROM phase_hours AS p
JOIN troubled AS r
    ON r.route = p.route AND epoch_us(r.start_time) // 3600000000 = p.hour
    AND r.start_time >= p.starts AND r.start_time < p.ends
    AND r.start_time BETWEEN p.first_request_at AND p.last_request_at
JOIN lost_requests AS q ON q.hop_id = r.hop_id
LEFT JOIN seconds AS s ON s.route = r.route AND s.second = date_trunc('second', r.start_time)
WHERE r.failed
GROUP BY ALL
ORDER BY p.failover_id, p.seq, failed DESC, flags, q.method, q.path, r.outcome, r.endpoint_group;
