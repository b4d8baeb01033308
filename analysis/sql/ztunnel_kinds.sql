-- What do the lines of a ztunnel say of their connections?
-- A ztunnel names no Envoy cluster, but the service and the workload, and writes its line when the connection ends.
-- How it ended follows from its error text, whose beginnings are those of ztunnel's own error list (src/proxy.rs); texts
-- that tell nothing of the side at fault are unknown.
-- internal
-- needs: entry_kinds
-- columns:
--   kind: Number of the kind of its lines.
--   direction: outbound (written where the caller lives) or inbound (where the pod lives).
--   service: Host of the service.
--   service_port: Port of the service; known only where a waypoint was asked for the service's own address.
--   pod: ip:port of the pod for which the connection was; NULL where it went through a waypoint or a gateway.
--   outcome: How it ended.
CREATE TABLE ztunnel_kinds AS
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
), addressed AS (
    SELECT
        kind, tunnel.direction AS direction, tunnel.service AS service, tunnel.target AS target, tunnel.error AS error,
        regexp_extract(upstream_host, '^(.*):[0-9]+$', 1) <> regexp_extract(tunnel.target, '^(.*):[0-9]+$', 1) AS is_relayed,
        TRY_CAST(regexp_extract(tunnel.target, ':([0-9]+)$', 1) AS INTEGER) AS target_port
    FROM entry_kinds
    WHERE role = 'ztunnel'
)
SELECT
    kind, direction, service,
    CASE WHEN is_relayed THEN target_port END AS service_port,
    -- Before hbone_addr was logged, an outbound line tells no more than the tunnel's port.
    CASE WHEN NOT is_relayed AND target_port <> 15008 THEN target END AS pod,
    CASE WHEN error IS NULL THEN 'ok' ELSE coalesce(
        (SELECT t.outcome FROM error_texts AS t WHERE starts_with(addressed.error, t.beginning)), 'unknown'
    ) END AS outcome
FROM addressed;
