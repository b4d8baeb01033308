-- Which pods answered, by the lines of other proxies that carry the same request id?
-- Links are followed to their last hop (eight at most). Retries reach several pods under one id; the one that ended last
-- gave the answer.
-- internal
-- needs: request_links
-- columns:
--   hop_id: The entry that called.
--   pod: The pod that answered; NULL where a link is not sure.
--   candidates: The pods that may have answered.
--   is_forwarded: True where the entry's endpoint is known to be a proxy that passed the request on.
CREATE TABLE identified_endpoints AS
WITH RECURSIVE onward AS MATERIALIZED (
    SELECT l.*
    FROM request_links AS l
    SEMI JOIN (SELECT callee_id FROM request_links WHERE is_forwarded) AS f ON f.callee_id = l.caller_id
), walks AS (
    SELECT caller_id AS hop_id, callee_id, callee_end, pod, is_sure, 1 AS hops FROM request_links WHERE is_forwarded
    UNION ALL
    SELECT w.hop_id, l.callee_id, l.callee_end, l.pod, w.is_sure AND l.is_sure, w.hops + 1
    FROM walks AS w
    JOIN onward AS l ON l.caller_id = w.callee_id
    WHERE w.hops < 8
), reached AS (
    SELECT hop_id, callee_end, pod, is_sure, hops, true AS is_forwarded FROM walks
    UNION ALL
    -- Most links end at the pod.
    SELECT caller_id, callee_end, pod, is_sure, 1, false FROM request_links WHERE NOT is_forwarded
)
SELECT
    hop_id,
    CASE WHEN bool_and(is_sure) THEN arg_max(pod, (hops, callee_end)) END AS pod,
    list_sort(list(DISTINCT pod)) AS candidates,
    bool_and(is_forwarded) AS is_forwarded
FROM reached
WHERE pod IS NOT NULL
GROUP BY hop_id;
