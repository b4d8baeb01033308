SELECT request_id, final_endpoint, final_endpoint_basis FROM hops WHERE role = 'ingress' ORDER BY start_time
