SELECT start_time, method, response_code, line FROM access_log ORDER BY start_time
