SELECT cluster_id, gateway, service, service_port, primary_group, primary_basis FROM primaries
