SELECT strftime(start_time, '%H:%M:%S') AS at, proxy, endpoint, priority FROM requests ORDER BY start_time
