SELECT request_id, final_endpoint, final_endpoint_basis, final_endpoint_candidates FROM requests ORDER BY start_time
