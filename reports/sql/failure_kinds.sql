-- In which ways were requests lost, how often, and which line shows it first?
SELECT
    response_code,
    list_sort(response_flags) AS response_flags,
    left(response_code_details, 200) AS details,
    outcome,
    endpoint_group,
    count(*) AS requests,
    arg_min(source, (start_time, source, line)) AS source,
    arg_min(line, (start_time, source, line)) AS line
FROM requests
WHERE {scene} AND failed
GROUP BY ALL
ORDER BY requests DESC, response_code, response_flags, details, outcome, endpoint_group
LIMIT $most
