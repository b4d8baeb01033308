WITH traced AS (
    SELECT caller_id, missing FROM trace_of('before the log')
    UNION ALL
    SELECT caller_id, missing FROM trace_of('the gateway died after it')
    UNION ALL
    SELECT caller_id, missing FROM trace_of('its port was used again')
    UNION ALL
    SELECT caller_id, missing FROM trace_of('within the hour')
)
SELECT request_id, final_endpoint, final_endpoint_basis, missing
FROM hops AS h
LEFT JOIN traced AS t ON t.caller_id = h.hop_id
WHERE role = 'ingress'
ORDER BY start_time
