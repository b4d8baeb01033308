SELECT path, cluster_id AS caller, endpoint, endpoint_kind AS kind, endpoint_cluster, zone, workload, endpoint_basis AS basis, endpoint_group AS "group"
FROM hops ORDER BY start_time
