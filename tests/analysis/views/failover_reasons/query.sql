SELECT service, failovers, reason FROM failover_reasons
