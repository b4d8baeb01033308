SELECT endpoint, endpoint_kind, endpoint_cluster, endpoint_basis, final_endpoint, final_endpoint_basis FROM hops ORDER BY start_time
