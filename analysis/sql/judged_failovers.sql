-- Which failovers does the detector find, and when?
-- Filled by analysis/failover; failovers adds the figures that SQL can count.
-- internal
-- needs: seconds, troubled, judged_kinds, source_numbers, primaries, inventory, outlier_events, cluster_names, declared_endpoints, judged_events, judged_phases, judged_splits, mesh_config
-- columns:
--   failover_id: Name of the failover: number of the incident, number within it.
--   route: Number that stands for proxy and service in routed.
--   incident_id: Incident it belongs to.
--   cluster_id: Kubernetes cluster of the proxy.
--   gateway: Workload of the proxy.
--   proxy: Replica: a failover belongs to one proxy and one service.
--   service: Host of the service.
--   service_port: Port of the service.
--   subset: Subset; NULL if none.
--   primary: Endpoint group that serves in health.
--   primary_basis: How that is known: flag, config, declared, caller_cluster, only_group, traffic or none.
--   secondary: Endpoint group that served most of what the primary did not; NULL where none did.
--   kind: The highest phase reached: partial, complete or outage.
--   trigger: endpoints_removed, planned_drain, connect_failure, tls_failure, gateway_errors, timeouts, ejection, no_healthy_upstream or unknown.
--   trigger_basis: inventory, symptoms, outlier_log or traffic.
--   trigger_candidates: What else it may have been, most likely first.
--   trigger_endpoint: The endpoint that set it off, where it is one.
--   open_at_end: True where the log ends before the primary is back for the hold-down.
--   began_before_start: True where the log begins inside the failover.
--   first_request_at: Start of the first request that belongs to the failover (UTC).
--   last_request_at: Start of the last request that belongs to the failover (UTC).
--   relapses: Bursts of failures after full failover (ejected endpoints tried again), and later departures.
--   onset_earliest: First sign on the primary: not before this.
--   onset_latest: First sign on the primary: not after this.
--   first_spill_earliest: First request to another group: not before this.
--   first_spill_latest: First request to another group: not after this.
--   full_failover_earliest: From here the primary serves at most 1% until failback: not before this.
--   full_failover_latest: From here the primary serves at most 1% until failback: not after this.
--   last_primary_error_earliest: Last request that the primary lost: not before this.
--   last_primary_error_latest: Last request that the primary lost: not after this.
--   first_failback_earliest: First answer of the primary after full failover: not before this.
--   first_failback_latest: First answer of the primary after full failover: not after this.
--   recovered_earliest: From here the primary's share is back at its baseline, and stays: not before this.
--   recovered_latest: From here the primary's share is back at its baseline, and stays: not after this.
CREATE TABLE judged_failovers (
    failover_id VARCHAR, route UBIGINT, incident_id VARCHAR, cluster_id VARCHAR, gateway VARCHAR, proxy VARCHAR, service VARCHAR,
    service_port INTEGER, subset VARCHAR, "primary" VARCHAR, primary_basis VARCHAR, secondary VARCHAR, kind VARCHAR,
    "trigger" VARCHAR, trigger_basis VARCHAR, trigger_candidates VARCHAR[], trigger_endpoint VARCHAR,
    open_at_end BOOLEAN, began_before_start BOOLEAN, first_request_at TIMESTAMPTZ, last_request_at TIMESTAMPTZ,
    relapses INTEGER,
    onset_earliest TIMESTAMPTZ, onset_latest TIMESTAMPTZ,
    first_spill_earliest TIMESTAMPTZ, first_spill_latest TIMESTAMPTZ,
    full_failover_earliest TIMESTAMPTZ, full_failover_latest TIMESTAMPTZ,
    last_primary_error_earliest TIMESTAMPTZ, last_primary_error_latest TIMESTAMPTZ,
    first_failback_earliest TIMESTAMPTZ, first_failback_latest TIMESTAMPTZ,
    recovered_earliest TIMESTAMPTZ, recovered_latest TIMESTAMPTZ
);
