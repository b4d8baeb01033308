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
        kind_key, source, cluster_id, gateway, proxy, role, log_kind, upstream_cluster, upstream_host,
        downstream_local_address, asked_name, asked_authority, response_code, response_flags, response_code_details,
        upstream_transport_failure_reason, grpc_status, tunnel, count(*) AS entries
    FROM keyed_log
    GROUP BY ALL
)
SELECT (row_number() OVER (ORDER BY k.kind_key))::INTEGER AS kind, k.* EXCLUDE (entries), s.source_number, k.entries
FROM kinds AS k
JOIN source_numbers AS s ON s.source = k.source;
