SELECT * FROM failover_phases
