SELECT * FROM failover_events
