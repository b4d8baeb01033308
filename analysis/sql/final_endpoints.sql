-- Who answered in the end, where the endpoint is an east-west gateway?
-- needs: attributed, hop_links
-- internal
-- columns:
--   hop_id: The entry whose endpoint is an east-west gateway.
--   final_endpoint: The pod behind it; NULL where two answers are possible, or none is known yet.
--   final_endpoint_basis: exact, request_id, pending or none.
--   final_endpoint_candidates: The pods that may have answered, where that is not one.
CREATE TABLE final_endpoints AS
WITH callers AS (
    SELECT hop_id, service, endpoint, end_time, outcome
    FROM attributed
    WHERE endpoint_kind = 'east_west_gateway' AND role <> 'east_west'
), answers AS (
    SELECT
        l.caller_id AS hop_id,
        l.basis,
        -- A gateway's line names the pod as its upstream, a sidecar's line as its own address.
        CASE WHEN l.basis = 'exact' THEN g.upstream_host ELSE g.downstream_local_address END AS answered_by,
        g.end_time
    FROM hop_links AS l
    JOIN attributed AS g ON g.hop_id = l.callee_id
), gathered AS (
    SELECT
        hop_id,
        list(DISTINCT answered_by) FILTER (basis = 'exact' AND answered_by IS NOT NULL) AS exact,
        -- Retries reach several pods under one id; the one that ended last gave the answer.
        arg_max(answered_by, end_time) FILTER (basis = 'request_id') AS by_request_id
    FROM answers
    GROUP BY hop_id
), held AS (
    SELECT DISTINCT downstream_local_address AS endpoint FROM attributed WHERE role = 'east_west'
)
SELECT
    c.hop_id,
    CASE
        WHEN c.outcome = 'upstream_unreachable' THEN NULL
        WHEN len(g.exact) = 1 AND coalesce(g.by_request_id, g.exact[1]) = g.exact[1] THEN g.exact[1]
        WHEN g.exact IS NULL THEN g.by_request_id
    END AS final_endpoint,
    CASE
        WHEN c.outcome = 'upstream_unreachable' THEN 'none'
        WHEN len(g.exact) = 1 AND coalesce(g.by_request_id, g.exact[1]) = g.exact[1] THEN 'exact'
        WHEN g.exact IS NULL AND g.by_request_id IS NOT NULL THEN 'request_id'
        WHEN g.exact IS NULL AND h.endpoint IS NOT NULL THEN 'pending'
        ELSE 'none'
    END AS final_endpoint_basis,
    CASE
        WHEN len(g.exact) > 1 OR g.by_request_id <> g.exact[1]
        THEN list_sort(list_distinct(list_append(g.exact, g.by_request_id)))
        ELSE []::VARCHAR[]
    END AS final_endpoint_candidates
FROM callers AS c
LEFT JOIN gathered AS g USING (hop_id)
LEFT JOIN held AS h USING (endpoint);
