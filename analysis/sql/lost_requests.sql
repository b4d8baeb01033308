-- Which path did each lost request ask for, and how often was it tried?
-- internal
-- needs: keyed_log, attributed_kinds
-- columns:
--   hop_id: Number of the entry.
--   method: Method of the request.
--   path: Path without its query, cut at 200 characters.
--   attempts: Attempts that the proxy made, where that is logged.
CREATE TABLE lost_requests AS
SELECT
    k.source_number * 1099511627776 + l.line AS hop_id,
    l.method,
    left(split_part(l.path, '?', 1), 200) AS path,
    l.upstream_request_attempt_count AS attempts
FROM keyed_log AS l
JOIN attributed_kinds AS k USING (kind_key)
WHERE k.failed;
