SELECT * EXCLUDE (cluster_id, gateway, before_source, source) FROM shifts
