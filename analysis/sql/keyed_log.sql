-- Of which kind is each access-log entry?
-- Entries that are alike in all that decides where a request was sent, and how it ended, are of one kind: even in a long
-- log there are few, so that everything that follows from these columns is found out once for each kind. The names that
-- a client asked for count only where the Envoy cluster does not name the service: clients may ask for anything.
-- internal
-- needs: access_log
-- columns:
--   access_log.*
--   asked_name: The SNI, where it may be what names the service; else NULL.
--   asked_authority: The authority, where it may be what names the service; else NULL.
--   tunnel: What a ztunnel logs of a connection's service, pod and end; NULL for other proxies.
--   kind_key: Number that stands for the kind (a hash of those columns).
CREATE VIEW keyed_log AS
SELECT
    * EXCLUDE (is_named),
    hash(
        source, cluster_id, gateway, proxy, role, log_kind, upstream_cluster, upstream_host, downstream_local_address,
        asked_name, asked_authority, response_code, response_flags, response_code_details,
        upstream_transport_failure_reason, grpc_status, tunnel
    ) AS kind_key
FROM (
    SELECT
        *,
        CASE WHEN NOT is_named OR requested_server_name LIKE '%bound_.%' THEN requested_server_name END AS asked_name,
        CASE WHEN NOT is_named THEN authority END AS asked_authority,
        CASE WHEN role = 'ztunnel' THEN {
            'direction': extra['direction'], 'service': nullif(extra['dst.service'], ''), 'workload': extra['dst.workload'],
            'target': coalesce(extra['dst.hbone_addr'], upstream_host), 'error': lower(extra['error'])
        } END AS tunnel
    FROM (
        -- Every name of this shape names a service (cluster_names), others may or may not.
        SELECT
            *,
            coalesce(starts_with(upstream_cluster, 'outbound|') AND NOT ends_with(upstream_cluster, '|'), false) AS is_named
        FROM access_log
    )
);
