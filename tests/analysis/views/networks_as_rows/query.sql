SELECT network, network_cluster_id, statement, value, strength, first_key, last_key, port FROM networks ORDER BY ALL
