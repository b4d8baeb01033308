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
WITH RECURSIVE walks AS (
    SELECT caller_id AS hop_id, callee_id, is_forwarded, callee_end, pod, is_sure, 1 AS hops FROM request_links
    UNION ALL
    SELECT w.hop_id, l.callee_id, w.is_forwarded, l.callee_end, l.pod, w.is_sure AND l.is_sure, w.hops + 1
    FROM walks AS w
    JOIN request_links AS l ON l.caller_id = w.callee_id
    WHERE w.hops < 8
)
SELECT
    hop_id,
    CASE WHEN bool_and(is_sure) THEN arg_max(pod, (hops, callee_end)) END AS pod,
    list_sort(list(DISTINCT pod)) AS candidates,
    bool_and(is_forwarded) AS is_forwarded
FROM walks
WHERE pod IS NOT NULL
GROUP BY hop_id;
