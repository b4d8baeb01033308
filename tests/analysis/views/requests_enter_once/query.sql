SELECT source, line, role, request_id FROM requests ORDER BY start_time
