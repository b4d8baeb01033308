SELECT * EXCLUDE (failover_id) FROM phase_costs
