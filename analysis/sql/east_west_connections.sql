-- Which TCP connections did the east-west gateways pass on, from whom, to which pod, and when?
-- One row per connection: lines that Envoy writes while one is open (access_log_flush_interval, or at its start) share
-- start and addresses. A connection that reached no pod is left out, as no request can have gone through it. Empty where
-- no entry is held that could be on either side of one.
-- internal
-- needs: attributed, attributed_kinds
-- columns:
--   connection_id: hop_id of its last line.
--   gateway_key: Number that stands for the replica that wrote it (a hash of cluster, gateway and proxy).
--   cluster_id: Kubernetes cluster of the gateway.
--   gateway: Workload of the gateway.
--   proxy: Replica.
--   service: Host of the service that the SNI asked for.
--   service_port: Port of the service.
--   caller_address: ip:port that the gateway saw as its caller.
--   listener: ip:port at which the gateway accepted it.
--   own_address: ip:port from which the gateway went on to the pod.
--   pod: ip:port of the pod.
--   opened: When it began, by the gateway's clock, in microseconds since 1970.
--   closed: Until when it is known to have been open: its end, or the end of the log where its last line says that it was open.
--   closed_by: When it had certainly ended; NULL where it may still be open: its last line may be one of those that Envoy writes while it is, and the next was not due before the log ends.
--   may_go_on: True where it may have gone on after closed.
CREATE TABLE east_west_connections AS
WITH lines AS (
    SELECT
        hop_id,
        hash(cluster_id, gateway, coalesce(proxy, source)) AS gateway_key,
        cluster_id, gateway, proxy, service, service_port, downstream_remote_address AS caller_address,
        downstream_local_address AS listener, upstream_local_address AS own_address, upstream_host AS pod, outcome,
        epoch_us(start_time) AS opened,
        epoch_us(end_time) AS closed,
        lower(coalesce(extra['ACCESS_LOG_TYPE'], extra['access_log_type'])) AS written_at
    FROM attributed
    SEMI JOIN (
        SELECT kind
        FROM attributed_kinds
        WHERE role = 'east_west' AND log_kind = 'tcp' AND EXISTS (
            FROM attributed_kinds AS k
            WHERE k.endpoint_kind = 'east_west_gateway' OR k.role IN ('sidecar_inbound', 'ztunnel', 'waypoint')
        )
    ) USING (kind)
    -- On the columns as logged as well: they reach the files, where most entries are another's.
    WHERE role = 'east_west' AND log_kind = 'tcp' AND start_time IS NOT NULL
), stepped AS (
    SELECT *, closed - lag(closed) OVER (
        PARTITION BY gateway_key, caller_address, listener, own_address, opened ORDER BY closed
    ) AS step
    FROM lines
), logs AS (
    -- How often the gateway writes lines of open connections, if it does.
    SELECT gateway_key, max(closed) AS log_end, max(step) AS flush_interval FROM stepped GROUP BY gateway_key
), connections AS (
    SELECT
        max(hop_id) AS connection_id, gateway_key, cluster_id, gateway, proxy, service, service_port, caller_address,
        listener, own_address, pod, opened, max(closed) AS closed,
        coalesce(arg_max(written_at, (closed, hop_id)) IN ('tcpperiodic', 'tcpupstreamconnected'), false) AS is_open,
        coalesce(bool_or(written_at = 'tcpconnectionend'), false) AS has_end
    FROM lines
    WHERE caller_address IS NOT NULL AND pod IS NOT NULL AND outcome <> 'upstream_unreachable'
    GROUP BY ALL
)
SELECT
    c.* EXCLUDE (closed, is_open, has_end),
    CASE WHEN c.is_open THEN l.log_end ELSE c.closed END AS closed,
    CASE
        WHEN c.has_end OR l.flush_interval IS NULL AND NOT c.is_open THEN c.closed
        WHEN NOT c.is_open AND c.closed + l.flush_interval < l.log_end THEN c.closed + l.flush_interval
    END AS closed_by,
    c.is_open OR NOT c.has_end AND l.flush_interval IS NOT NULL AS may_go_on
FROM connections AS c
JOIN logs AS l USING (gateway_key);
