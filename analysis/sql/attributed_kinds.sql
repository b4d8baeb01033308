-- Which service did the entries of each kind ask for, which endpoint got them, and how did they end?
-- All of attributed that holds for every entry of a kind: what depends on the time is left out.
-- internal
-- needs: entry_kinds, cluster_names, endpoint_groups, authority_services, flag_outcomes, ztunnel_kinds
-- columns:
--   entry_kinds.*
--   direction: outbound, inbound or inbound-vip, from the cluster name, or as a ztunnel says it.
--   service_port: Port of the service.
--   subset: Subset of the DestinationRule; NULL if none.
--   service: Host of the service: from the cluster name, else the SNI, else the authority where that is always the same.
--   endpoint_ip: IP address of the upstream address.
--   endpoint_port: Port in it.
--   no_host: True with UH: Envoy leaves the address of the failed attempt on such a line, but nobody got the request.
--   housed_cluster: Kubernetes cluster whose list of pods may say more of the address; NULL for gateways, and where nothing tells the cluster.
--   endpoint_kind: pod, east_west_gateway, external, internal, none (no upstream was chosen) or unknown.
--   endpoint_cluster: Kubernetes cluster the endpoint lives in; NULL where nothing says so.
--   network: Istio network the endpoint lives in, where that is known without its pod.
--   region: Region of the endpoint's locality, where that is known without its pod.
--   zone: Zone of the endpoint's locality, where that is known without its pod.
--   subzone: Sub-zone of the endpoint's locality, where that is known without its pod.
--   workload: Workload or pod name of the endpoint, where that is known without its pod.
--   endpoint_basis: How that is known: inventory, config, gateway_log, port, hop or none.
--   endpoint_group: Cluster or network that the endpoint belongs to, such as cluster1; NULL where none was chosen or nothing tells.
--   outcome: How they ended, by flags first.
--   failed: True where the caller lost them through the upstream side.
--   may_stall: True where the client left without any answer: after a second or more they count as stalled.
CREATE TABLE attributed_kinds AS
WITH placed AS (
    SELECT
        k.*,
        coalesce(c.direction, z.direction) AS direction,
        coalesce(c.service_port, n.service_port, h.service_port, z.service_port) AS service_port,
        coalesce(c.subset, CASE WHEN c.service IS NULL THEN n.subset END) AS subset,
        coalesce(c.service, n.service, h.service, z.service) AS service,
        e.endpoint_ip, e.endpoint_port,
        list_contains(k.response_flags, 'UH') AS no_host,
        -- Before hbone_addr was logged, an inbound line still names its own pod.
        CASE WHEN e.endpoint_kind = 'unknown' AND (z.pod IS NOT NULL OR z.direction = 'inbound') THEN 'pod'
             ELSE e.endpoint_kind END AS endpoint_kind,
        e.endpoint_cluster, e.network, e.region, e.zone, e.subzone, e.workload, e.endpoint_basis,
        e.endpoint_group,
        CASE
            WHEN z.outcome IS NOT NULL THEN z.outcome
            WHEN k.log_kind = 'http' AND k.response_code = 0 AND coalesce(f.outcome, 'client_gone')
                 IN ('client_gone', 'ok') THEN 'client_gone'
            WHEN list_contains(k.response_flags, 'DC') THEN 'client_gone'
            WHEN f.outcome IS NOT NULL THEN f.outcome
            WHEN starts_with(k.response_code_details, 'rbac_access_denied')
                 OR k.response_code_details IN ('ext_authz_denied', 'ext_authz_error') THEN 'rejected_by_policy'
            WHEN k.response_code_details = 'local_rate_limited' THEN 'rate_limited'
            WHEN k.response_code_details = 'fault_filter_abort' THEN 'fault_injected'
            WHEN k.log_kind = 'tcp' THEN 'ok'
            WHEN upper(k.grpc_status) IN ('14', 'UNAVAILABLE', '13', 'INTERNAL', '2', 'UNKNOWN', '15', 'DATALOSS',
                                          'DATA_LOSS') THEN 'upstream_error'
            WHEN upper(k.grpc_status) IN ('4', 'DEADLINEEXCEEDED', 'DEADLINE_EXCEEDED') THEN 'timeout'
            WHEN upper(k.grpc_status) IN ('1', 'CANCELED', 'CANCELLED') THEN 'client_gone'
            WHEN k.grpc_status IS NOT NULL AND upper(k.grpc_status) NOT IN ('0', 'OK') THEN 'client_error'
            WHEN k.response_code >= 500 THEN 'upstream_error'
            WHEN k.response_code >= 400 THEN 'client_error'
            WHEN k.response_code >= 100 THEN 'ok'
            ELSE 'unknown'
        END AS outcome
    FROM entry_kinds AS k
    LEFT JOIN cluster_names AS c ON c.upstream_cluster = k.upstream_cluster
    LEFT JOIN cluster_names AS n ON n.upstream_cluster = k.asked_name AND c.service IS NULL
    LEFT JOIN authority_services AS h ON h.authority = k.asked_authority AND c.service IS NULL AND n.service IS NULL
    LEFT JOIN endpoint_groups AS e
        ON e.cluster_id IS NOT DISTINCT FROM k.cluster_id
        AND e.upstream_cluster IS NOT DISTINCT FROM k.upstream_cluster
        AND e.upstream_host = k.upstream_host
    LEFT JOIN flag_outcomes AS f ON f.response_flags = k.response_flags
    LEFT JOIN ztunnel_kinds AS z ON z.kind = k.kind
)
SELECT
    p.* EXCLUDE (
        endpoint_kind, endpoint_cluster, network, region, zone, subzone, workload, endpoint_basis, endpoint_group, outcome
    ),
    CASE WHEN p.endpoint_kind <> 'east_west_gateway' AND NOT p.no_host THEN p.endpoint_cluster END AS housed_cluster,
    CASE
        WHEN p.no_host OR (p.upstream_host IS NULL AND p.outcome <> 'ok') THEN 'none'
        ELSE coalesce(p.endpoint_kind, 'unknown')
    END AS endpoint_kind,
    CASE WHEN NOT p.no_host THEN p.endpoint_cluster END AS endpoint_cluster,
    CASE WHEN NOT p.no_host THEN p.network END AS network,
    CASE WHEN NOT p.no_host THEN p.region END AS region,
    CASE WHEN NOT p.no_host THEN p.zone END AS zone,
    CASE WHEN NOT p.no_host THEN p.subzone END AS subzone,
    CASE WHEN NOT p.no_host THEN p.workload END AS workload,
    CASE WHEN p.no_host THEN 'none' ELSE coalesce(p.endpoint_basis, 'none') END AS endpoint_basis,
    CASE WHEN NOT p.no_host THEN p.endpoint_group END AS endpoint_group,
    p.outcome,
    p.outcome IN ('upstream_error', 'upstream_unreachable', 'timeout', 'no_healthy_upstream', 'overflow') AS failed,
    p.outcome = 'client_gone' AND p.response_code = 0 AS may_stall
FROM placed AS p;
