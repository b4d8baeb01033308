-- Which kinds of entries are there?
-- One row per kind (keyed_log), with the columns that make it one.
-- internal
-- needs: keyed_log, source_numbers
-- columns:
--   kind: Number of the kind, from 1.
--   kind_key: Number that stands for the kind in keyed_log.
--   source: File that holds the entries.
--   cluster_id: Kubernetes cluster of the proxy.
--   gateway: Workload of the proxy.
--   proxy: Replica.
--   role: What kind of proxy it is.
--   log_kind: http or tcp.
--   upstream_cluster: Envoy cluster, as logged.
--   upstream_host: Upstream address, as logged.
--   downstream_local_address: Address at which the proxy accepted the requests.
--   asked_name: The SNI, where it may be what names the service; else NULL.
--   asked_authority: The authority, where it may be what names the service; else NULL.
--   response_code: Status code, as logged.
--   response_flags: Response flags.
--   response_code_details: Response code details.
--   upstream_transport_failure_reason: Why the transport to the upstream failed.
--   grpc_status: Status of gRPC.
--   tunnel: What a ztunnel logs of a connection's service, pod and end; NULL for other proxies.
--   source_number: Number of the file.
--   entries: Entries of this kind.
CREATE TABLE entry_kinds AS
WITH kinds AS (
    SELECT
        kind_key,
        -- One value of many fields: grouping by all of them takes almost twice as long.
        any_value({
            source: source, cluster_id: cluster_id, gateway: gateway, proxy: proxy, role: role, log_kind: log_kind,
            upstream_cluster: upstream_cluster, upstream_host: upstream_host,
            downstream_local_address: downstream_local_address, asked_name: asked_name, asked_authority: asked_authority,
            response_code: response_code, response_flags: response_flags, response_code_details: response_code_details,
            upstream_transport_failure_reason: upstream_transport_failure_reason, grpc_status: grpc_status, tunnel: tunnel
        }) AS common,
        count(*) AS entries
    FROM keyed_log
    GROUP BY kind_key
), spread AS (
    SELECT kind_key, unnest(common), entries FROM kinds
)
SELECT (row_number() OVER (ORDER BY k.kind_key))::INTEGER AS kind, k.* EXCLUDE (entries), s.source_number, k.entries
FROM spread AS k
JOIN source_numbers AS s ON s.source = k.source;
