-- What does each line of a ztunnel say of its connection?
-- A ztunnel names no Envoy cluster, but the service and the workload, and writes its line when the connection ends.
-- How it ended follows from its error text, whose beginnings are those of ztunnel's own error list (src/proxy.rs); texts
-- that tell nothing of the side at fault are unknown.
-- internal
-- needs: access_log, source_numbers
-- columns:
--   hop_id: Number of the entry.
--   direction: outbound (written where the caller lives) or inbound (where the pod lives).
--   service: Host of the service.
--   service_port: Port of the service; known only where a waypoint was asked for the service's own address.
--   caller_ip: IP address of the calling pod.
--   pod: ip:port of the pod for which the connection was; NULL where it went through a waypoint or a gateway.
--   workload: Pod name of the endpoint.
--   end_time: When the connection ended (UTC).
--   outcome: How it ended.
CREATE TABLE ztunnel_connections AS
WITH error_texts (beginning, outcome) AS (
    VALUES
        ('connection timed out', 'upstream_unreachable'),
        ('connection failed', 'upstream_unreachable'),
        ('http2 handshake failed', 'upstream_unreachable'),
        ('tls error', 'upstream_unreachable'),
        ('http status: 503', 'upstream_unreachable'),
        ('http status: 401', 'rejected_by_policy'),
        ('connection closed due to policy', 'rejected_by_policy'),
        ('no healthy upstream', 'no_healthy_upstream'),
        ('no valid routing destination', 'no_healthy_upstream'),
        ('no gateway address', 'no_healthy_upstream'),
        ('unknown waypoint', 'no_healthy_upstream'),
        ('destination disconnected', 'upstream_error'),
        ('client disconnected', 'client_gone')
), lines AS (
    SELECT
        s.source_number * 1099511627776 + a.line AS hop_id,
        a.extra['direction'] AS direction, nullif(a.extra['dst.service'], '') AS service,
        a.extra['dst.workload'] AS workload, lower(a.extra['error']) AS error,
        regexp_extract(a.downstream_remote_address, '^(.*):[0-9]+$', 1) AS caller_ip,
        a.upstream_host AS asked, coalesce(a.extra['dst.hbone_addr'], a.upstream_host) AS target, a.start_time AS end_time
    FROM access_log AS a
    JOIN source_numbers AS s ON s.source = a.source
    WHERE a.role = 'ztunnel'
), addressed AS (
    SELECT
        *,
        regexp_extract(asked, '^(.*):[0-9]+$', 1) <> regexp_extract(target, '^(.*):[0-9]+$', 1) AS is_relayed,
        TRY_CAST(regexp_extract(target, ':([0-9]+)$', 1) AS INTEGER) AS target_port
    FROM lines
)
SELECT
    hop_id, direction, service,
    CASE WHEN is_relayed THEN target_port END AS service_port,
    caller_ip,
    -- Before hbone_addr was logged, an outbound line tells no more than the tunnel's port.
    CASE WHEN NOT is_relayed AND target_port <> 15008 THEN target END AS pod,
    workload, end_time,
    CASE WHEN error IS NULL THEN 'ok' ELSE coalesce(
        (SELECT t.outcome FROM error_texts AS t WHERE starts_with(addressed.error, t.beginning)), 'unknown'
    ) END AS outcome
FROM addressed;
