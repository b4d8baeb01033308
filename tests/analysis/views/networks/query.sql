SELECT cluster_id AS caller, endpoint, endpoint_kind AS kind, endpoint_cluster, network, region, endpoint_basis AS basis, endpoint_group
FROM hops ORDER BY start_time
