-- Who answered in the end, where the endpoint is an east-west gateway?
-- needs: attributed, hop_links, gateway_matches
-- internal
-- columns:
--   hop_id: The entry whose endpoint is an east-west gateway.
--   final_endpoint: The pod behind it; NULL where two answers are possible, or none is known yet.
--   final_endpoint_basis: exact, request_id, window (candidates only), pending or none.
--   final_endpoint_candidates: The pods that may have answered, where that is not one.
CREATE TABLE final_endpoints AS
WITH callers AS (
    SELECT hop_id, endpoint, outcome
    FROM attributed
    WHERE endpoint_kind = 'east_west_gateway' AND role <> 'east_west'
), connected AS (
    SELECT caller_id AS hop_id, list_sort(list(DISTINCT upstream_host)) AS pods,
           bool_and(matches = 1 AND caller_clusters <= 1) AS is_sure
    FROM gateway_matches
    WHERE upstream_host IS NOT NULL
    GROUP BY caller_id
), identified AS (
    -- Retries reach several pods under one id; the one that ended last gave the answer. A sidecar's line names the
    -- pod as its own address.
    SELECT l.caller_id AS hop_id, arg_max(s.downstream_local_address, s.end_time) AS pod
    FROM hop_links AS l
    JOIN attributed AS s ON s.hop_id = l.callee_id
    WHERE l.basis = 'request_id'
    GROUP BY l.caller_id
), held AS (
    SELECT DISTINCT downstream_local_address AS endpoint FROM attributed WHERE role = 'east_west'
), judged AS (
    SELECT
        c.hop_id,
        CASE
            -- No connection was made, so nobody behind the gateway can have answered.
            WHEN c.outcome = 'upstream_unreachable' THEN 'none'
            WHEN i.pod IS NOT NULL AND n.is_sure AND i.pod <> n.pods[1] THEN 'window'
            WHEN n.is_sure THEN 'exact'
            WHEN i.pod IS NOT NULL THEN 'request_id'
            WHEN n.pods IS NOT NULL THEN 'window'
            WHEN h.endpoint IS NOT NULL THEN 'pending'
            ELSE 'none'
        END AS basis,
        n.pods,
        i.pod
    FROM callers AS c
    LEFT JOIN connected AS n USING (hop_id)
    LEFT JOIN identified AS i USING (hop_id)
    LEFT JOIN held AS h USING (endpoint)
)
SELECT
    hop_id,
    CASE basis WHEN 'exact' THEN pods[1] WHEN 'request_id' THEN pod END AS final_endpoint,
    basis AS final_endpoint_basis,
    CASE WHEN basis = 'window'
         THEN list_sort(list_distinct(list_filter(list_append(pods, pod), lambda p: p IS NOT NULL)))
         ELSE []::VARCHAR[] END AS final_endpoint_candidates
FROM judged;
