SELECT * EXCLUDE (failover_id) FROM failover_losses
