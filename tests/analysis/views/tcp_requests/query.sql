SELECT line, final_endpoint, final_endpoint_basis FROM requests ORDER BY start_time
