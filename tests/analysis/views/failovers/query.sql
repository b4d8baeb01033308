SELECT * EXCLUDE (cluster_id, gateway) FROM failovers
