SELECT endpoint, endpoint_ip, endpoint_port, endpoint_kind, endpoint_cluster, endpoint_group, workload, endpoint_basis, group_role
FROM hops ORDER BY start_time
