-- What do the questions about one scene ask of its requests?
-- Read once, and asked from there: texts are only asked of lost requests.
SELECT
    cluster_id, gateway, service, service_port, subset, role, start_time, duration_ms, pinned, response_code,
    response_flags, outcome, failed, endpoint, endpoint_kind, workload, endpoint_group, group_role, final_endpoint,
    final_endpoint_basis, final_endpoint_candidates, upstream_request_attempt_count, source, line,
    CASE WHEN failed THEN method END AS method,
    CASE WHEN failed THEN path END AS path,
    CASE WHEN failed THEN response_code_details END AS response_code_details
FROM requests
WHERE {scene}
