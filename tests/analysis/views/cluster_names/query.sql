SELECT upstream_cluster, direction, service_port, subset, service, sni_dnat FROM cluster_names ORDER BY upstream_cluster
