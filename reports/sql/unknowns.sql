-- What do the entries carry that later questions need: retries, clients that left, the pod behind the gateway?
SELECT
    count(*) AS requests,
    count(*) FILTER (failed) AS failed,
    count(*) FILTER (outcome = 'client_gone') AS client_gone,
    count(upstream_request_attempt_count) AS with_attempt_count,
    count(*) FILTER (through_gateway) AS through_gateway,
    count(*) FILTER (through_gateway AND final_endpoint IS NOT NULL) AS final_known,
    count(*) FILTER (through_gateway AND final_endpoint IS NULL AND len(final_endpoint_candidates) > 0)
        AS final_candidates,
    count(*) FILTER (through_gateway AND final_endpoint_basis = 'pending') AS final_pending
FROM (
    SELECT *, endpoint_kind = 'east_west_gateway' AND NOT failed AND outcome <> 'client_gone' AS through_gateway
    FROM requests
    WHERE {scene}
)
