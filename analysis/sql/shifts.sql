-- When did the split of the requests of a service change, without a failover?
-- One row per lasting change: of the share that endpoint groups get where several always serve (active-active, distribute,
-- weights), of the share of a subset (a canary), or of the share of the requests that enter through each ingress while one
-- falls and another rises (DNS or a global load balancer: a failover one level up). The moment lies after earliest and
-- not after latest, where the log is about as likely with the change anywhere in between.
-- Filled by analysis/shifts.
-- needs: judged_failovers, judged_splits, counted_kinds, slim_requests, routes, source_numbers
-- columns:
--   shift_id: Number of the shift, by time.
--   kind: split (between endpoint groups), subset or ingress.
--   cluster_id: Kubernetes cluster of the proxy; NULL for ingress.
--   gateway: Workload of the proxy; NULL for ingress.
--   proxy: Replica; NULL for ingress.
--   service: Host of the service.
--   service_port: Port of the service.
--   subset: Subset within which the split changed; NULL if none.
--   away_from: Endpoint group, subset or ingress (cluster/gateway) that lost most of its share.
--   towards: The one that gained most.
--   earliest: Not before this (UTC).
--   latest: Not after this (UTC).
--   away_share_before: Share of the first before, 0 to 1.
--   away_share_after: Share of the first after.
--   towards_share_before: Share of the second before.
--   towards_share_after: Share of the second after.
--   requests_before: Requests since the shift before this one, or since the beginning of the log.
--   requests_after: Requests until the next shift, or until the end of the log.
--   before_source: File of the last entry of the first before the shift.
--   before_line: Line of that entry.
--   source: File of the first entry of the second after it.
--   line: Line of that entry.
--   note: What it means, in words.
CREATE TABLE shifts (
    shift_id INTEGER, kind VARCHAR, cluster_id VARCHAR, gateway VARCHAR, proxy VARCHAR, service VARCHAR,
    service_port INTEGER, subset VARCHAR, away_from VARCHAR, towards VARCHAR,
    earliest TIMESTAMPTZ, latest TIMESTAMPTZ,
    away_share_before DOUBLE, away_share_after DOUBLE, towards_share_before DOUBLE, towards_share_after DOUBLE,
    requests_before BIGINT, requests_after BIGINT,
    before_source VARCHAR, before_line BIGINT, source VARCHAR, line BIGINT, note VARCHAR
);
