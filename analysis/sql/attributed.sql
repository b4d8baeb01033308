-- Which service was asked for, which endpoint got the request, and how did it end?
-- The first step of hops: all that one entry says by itself, before entries of several proxies are joined.
-- A row stands for one entry. Times are when the request began; end_time is start_time + duration_ms.
-- internal
-- needs: placed, flag_outcomes
-- columns:
--   access_log.*
--   hop_id: Number of the entry, unique within a session and ordered by source and line.
--   direction: outbound, inbound or inbound-vip, from the cluster name, or as a ztunnel says it.
--   service_port: Port of the service.
--   subset: Subset of the DestinationRule; NULL if none.
--   service: Host of the service: from the cluster name, else the SNI, else the authority where that is always the same.
--   endpoint: The upstream address as logged: that of the last attempt.
--   endpoint_ip: IP address in it.
--   endpoint_port: Port in it.
--   endpoint_kind: pod, east_west_gateway, external, internal, none (no upstream was chosen) or unknown.
--   endpoint_cluster: Kubernetes cluster the endpoint lives in; NULL where nothing says so.
--   network: Istio network the endpoint lives in.
--   region: Region of the endpoint's locality.
--   zone: Zone of the endpoint's locality.
--   subzone: Sub-zone of the endpoint's locality.
--   workload: Workload or pod name of the endpoint.
--   endpoint_basis: How that is known: inventory, config, gateway_log, port, hop or none.
--   endpoint_group: Cluster or network that the endpoint belongs to, such as cluster1; NULL where none was chosen or nothing tells.
--   end_time: When the request ended (UTC): start_time + duration_ms, both floored to the millisecond by Envoy; of a ztunnel, whose lines bear the time of their writing, that time.
--   outcome: How it ended, by flags first: ok, client_error, client_gone, upstream_error, upstream_unreachable, timeout, no_healthy_upstream, overflow, no_route, rejected_by_policy, rate_limited, fault_injected, protocol_error or unknown.
--   failed: True where the caller lost it through the upstream side.
--   stalled: True where the client left after waiting a second or more without any answer: what a frozen endpoint looks like before its connections time out.
--   pinned: True for a stream longer than 10 minutes: it says nothing about routing now, and is left out of percentiles.
CREATE VIEW attributed AS
WITH judged AS (
    SELECT
        a.*,
        CASE
            WHEN a.ztunnel_outcome IS NOT NULL THEN a.ztunnel_outcome
            WHEN a.log_kind = 'http' AND a.response_code = 0 AND coalesce(f.outcome, 'client_gone')
                 IN ('client_gone', 'ok') THEN 'client_gone'
            WHEN list_contains(a.response_flags, 'DC') THEN 'client_gone'
            WHEN f.outcome IS NOT NULL THEN f.outcome
            WHEN starts_with(a.response_code_details, 'rbac_access_denied')
                 OR a.response_code_details IN ('ext_authz_denied', 'ext_authz_error') THEN 'rejected_by_policy'
            WHEN a.response_code_details = 'local_rate_limited' THEN 'rate_limited'
            WHEN a.response_code_details = 'fault_filter_abort' THEN 'fault_injected'
            WHEN a.log_kind = 'tcp' THEN 'ok'
            WHEN upper(a.grpc_status) IN ('14', 'UNAVAILABLE', '13', 'INTERNAL', '2', 'UNKNOWN', '15', 'DATALOSS',
                                          'DATA_LOSS') THEN 'upstream_error'
            WHEN upper(a.grpc_status) IN ('4', 'DEADLINEEXCEEDED', 'DEADLINE_EXCEEDED') THEN 'timeout'
            WHEN upper(a.grpc_status) IN ('1', 'CANCELED', 'CANCELLED') THEN 'client_gone'
            WHEN a.grpc_status IS NOT NULL AND upper(a.grpc_status) NOT IN ('0', 'OK') THEN 'client_error'
            WHEN a.response_code >= 500 THEN 'upstream_error'
            WHEN a.response_code >= 400 THEN 'client_error'
            WHEN a.response_code >= 100 THEN 'ok'
            ELSE 'unknown'
        END AS outcome
    FROM placed AS a
    LEFT JOIN flag_outcomes AS f ON f.response_flags = a.response_flags
)
SELECT
    j.* EXCLUDE (
        no_host, ztunnel_outcome, endpoint_kind, endpoint_cluster, network, region, zone, subzone, workload, endpoint_basis,
        endpoint_group, end_time, outcome
    ),
    CASE
        WHEN j.no_host OR (j.endpoint IS NULL AND j.outcome <> 'ok') THEN 'none'
        ELSE coalesce(j.endpoint_kind, 'unknown')
    END AS endpoint_kind,
    CASE WHEN NOT j.no_host THEN j.endpoint_cluster END AS endpoint_cluster,
    CASE WHEN NOT j.no_host THEN j.network END AS network,
    CASE WHEN NOT j.no_host THEN j.region END AS region,
    CASE WHEN NOT j.no_host THEN j.zone END AS zone,
    CASE WHEN NOT j.no_host THEN j.subzone END AS subzone,
    CASE WHEN NOT j.no_host THEN j.workload END AS workload,
    CASE WHEN j.no_host THEN 'none' ELSE coalesce(j.endpoint_basis, 'none') END AS endpoint_basis,
    CASE WHEN NOT j.no_host THEN j.endpoint_group END AS endpoint_group,
    j.end_time,
    j.outcome,
    j.outcome IN ('upstream_error', 'upstream_unreachable', 'timeout', 'no_healthy_upstream', 'overflow') AS failed,
    j.outcome = 'client_gone' AND j.response_code = 0 AND coalesce(j.duration_ms >= 1000, false) AS stalled,
    coalesce(j.duration_ms > 600000, false) AS pinned
FROM judged AS j;
