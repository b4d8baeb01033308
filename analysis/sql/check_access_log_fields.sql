-- Which settings of the access log would have answered more?
-- What these logs left open, and the field, or the log, that tells it.
-- internal
-- needs: finding_columns, hops, access_log, attributed_kinds, slim_log, source_numbers
-- columns:
--   finding_columns.*
CREATE VIEW check_access_log_fields AS
WITH kinds AS (
    SELECT * FROM attributed_kinds WHERE log_kind = 'http' AND role NOT IN ('sidecar_inbound', 'east_west')
), counted AS (
    SELECT
        k.cluster_id, k.gateway, count(*) AS requests, count(k.upstream_host) AS with_host, min(l.start_time) AS first_time
    FROM slim_log AS l
    JOIN kinds AS k USING (kind)
    GROUP BY ALL
), first_lines AS (
    SELECT c.cluster_id, c.gateway, min(l.hop_id) AS hop_id
    FROM counted AS c
    JOIN kinds AS k ON k.cluster_id IS NOT DISTINCT FROM c.cluster_id AND k.gateway IS NOT DISTINCT FROM c.gateway
    JOIN slim_log AS l ON l.kind = k.kind AND l.start_time IS NOT DISTINCT FROM c.first_time
    GROUP BY ALL
), lines AS NOT MATERIALIZED (
    SELECT cluster_id, gateway, line, upstream_request_attempt_count AS attempts, nullif(request_id, '') AS id
    FROM access_log
    WHERE log_kind = 'http' AND role NOT IN ('sidecar_inbound', 'east_west')
), telling AS (
    -- Whether a field is logged mostly shows in the first lines already.
    SELECT cluster_id, gateway, count(attempts) > 0 AS has_attempts, count(id) > 0 AS has_id
    FROM lines
    WHERE line <= 10000
    GROUP BY ALL
), with_attempts AS (
    SELECT cluster_id, gateway FROM telling WHERE has_attempts
    UNION
    SELECT cluster_id, gateway FROM lines WHERE attempts IS NOT NULL
), with_ids AS (
    SELECT cluster_id, gateway FROM telling WHERE has_id
    UNION
    SELECT l.cluster_id, l.gateway
    FROM lines AS l
    JOIN (
        SELECT cluster_id, gateway FROM counted EXCEPT SELECT cluster_id, gateway FROM telling WHERE has_id
    ) AS o ON o.cluster_id IS NOT DISTINCT FROM l.cluster_id AND o.gateway IS NOT DISTINCT FROM l.gateway
    WHERE l.id IS NOT NULL
), gateways AS (
    SELECT
        c.cluster_id, c.gateway, c.requests, c.with_host,
        EXISTS (
            FROM with_attempts AS a
            WHERE a.cluster_id IS NOT DISTINCT FROM c.cluster_id AND a.gateway IS NOT DISTINCT FROM c.gateway
        ) AS has_attempts,
        EXISTS (
            FROM with_ids AS i
            WHERE i.cluster_id IS NOT DISTINCT FROM c.cluster_id AND i.gateway IS NOT DISTINCT FROM c.gateway
        ) AS has_id,
        {'source': s.source, 'line': f.hop_id & 1099511627775} AS place
    FROM counted AS c
    JOIN first_lines AS f
        ON f.cluster_id IS NOT DISTINCT FROM c.cluster_id AND f.gateway IS NOT DISTINCT FROM c.gateway
    JOIN source_numbers AS s ON s.source_number = f.hop_id >> 40
), behind AS (
    SELECT
        a.cluster_id, a.gateway, a.service, a.service_port, a.endpoint, a.endpoint_group, a.final_endpoint_basis,
        count(*) AS requests, arg_min({'source': a.source, 'line': a.line}, (a.start_time, a.source, a.line)) AS place
    FROM hops AS a
    WHERE a.endpoint_kind = 'east_west_gateway' AND a.outcome <> 'upstream_unreachable'
      AND a.final_endpoint_basis IN ('pending', 'none', 'window')
    GROUP BY ALL
), settings (format, flush) AS (
    VALUES (
'meshConfig:
  extensionProviders:
  - name: access-log-json
    envoyFileAccessLog:
      path: /dev/stdout
      logFormat:
        labels:
          start_time: "%START_TIME%"
          method: "%REQ(:METHOD)%"
          path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"
          protocol: "%PROTOCOL%"
          response_code: "%RESPONSE_CODE%"
          response_flags: "%RESPONSE_FLAGS%"
          response_code_details: "%RESPONSE_CODE_DETAILS%"
          connection_termination_details: "%CONNECTION_TERMINATION_DETAILS%"
          upstream_transport_failure_reason: "%UPSTREAM_TRANSPORT_FAILURE_REASON%"
          bytes_received: "%BYTES_RECEIVED%"
          bytes_sent: "%BYTES_SENT%"
          duration: "%DURATION%"
          upstream_service_time: "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"
          x_forwarded_for: "%REQ(X-FORWARDED-FOR)%"
          user_agent: "%REQ(USER-AGENT)%"
          request_id: "%REQ(X-REQUEST-ID)%"
          authority: "%REQ(:AUTHORITY)%"
          upstream_host: "%UPSTREAM_HOST%"
          upstream_cluster: "%UPSTREAM_CLUSTER_RAW%"
          upstream_local_address: "%UPSTREAM_LOCAL_ADDRESS%"
          downstream_local_address: "%DOWNSTREAM_LOCAL_ADDRESS%"
          downstream_remote_address: "%DOWNSTREAM_REMOTE_ADDRESS%"
          requested_server_name: "%REQUESTED_SERVER_NAME%"
          route_name: "%ROUTE_NAME%"
          upstream_request_attempt_count: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"
          upstream_hosts_attempted: "%UPSTREAM_HOSTS_ATTEMPTED%"
          hostname: "%HOSTNAME%"
          access_log_type: "%ACCESS_LOG_TYPE%"
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata:
  name: access-log-json
  namespace: istio-system
spec:
  accessLogging:
  - providers:
    - name: access-log-json
',
'apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata:
  name: tcp-access-log-flush
  namespace: istio-system
spec:
  workloadSelector:
    labels:
      istio: eastwestgateway
  configPatches:
  - applyTo: NETWORK_FILTER
    match:
      context: GATEWAY
      listener:
        filterChain:
          filter:
            name: envoy.filters.network.tcp_proxy
    patch:
      operation: MERGE
      value:
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          access_log_options:
            flush_access_log_on_connected: true
            access_log_flush_interval: 60s
'
    )
), found AS (
    SELECT
        'info' AS severity, NULL::VARCHAR AS service, NULL::INTEGER AS service_port,
        concat_ws('/', cluster_id, gateway) AS subject,
        format('attempts are not logged: of {} requests, nobody can tell those that succeeded only after a retry', requests)
            AS message,
        'log %UPSTREAM_REQUEST_ATTEMPT_COUNT%, and %UPSTREAM_HOSTS_ATTEMPTED% where the proxy knows it' AS remedy,
        s.format AS yaml, place
    FROM gateways, settings AS s
    WHERE NOT has_attempts AND with_host > 0
    UNION ALL
    SELECT
        'warning', NULL, NULL, concat_ws('/', cluster_id, gateway),
        format('no request ids are logged: the {} requests cannot be followed into other logs', requests),
        'log %REQ(X-REQUEST-ID)%', s.format, place
    FROM gateways, settings AS s
    WHERE NOT has_id
    UNION ALL
    SELECT
        'error', NULL, NULL, concat_ws('/', cluster_id, gateway),
        format('no upstream hosts are logged: of {} requests, nobody can tell which endpoint served them', requests),
        'log %UPSTREAM_HOST% and %UPSTREAM_CLUSTER_RAW%', s.format, place
    FROM gateways, settings AS s
    WHERE with_host = 0
    UNION ALL
    SELECT
        'warning', service, service_port, endpoint,
        format('requests ({}) went through connections of {} whose lines are not written yet: TCP lines come when the '
               || 'connection closes', requests, endpoint),
        'let the gateway write a line when a connection begins, and every minute', s.flush, place
    FROM behind, settings AS s
    WHERE final_endpoint_basis = 'pending'
    UNION ALL
    SELECT
        'warning', service, service_port, endpoint,
        format('requests ({}) ended at the east-west gateway {}{}, and no log tells which pod behind it answered', requests,
               endpoint, CASE WHEN endpoint_group IS NULL THEN '' ELSE format(' ({})', endpoint_group) END),
        'give the log of that gateway as well (its TCP lines come only when connections close), or those of the sidecars behind it', NULL, place
    FROM behind
    WHERE final_endpoint_basis = 'none'
    UNION ALL
    SELECT
        'warning', service, service_port, endpoint,
        format('requests ({}) through {} fit more than one connection of it: their pods are candidates only', requests, endpoint),
        'give the sidecars'' logs as well: they tell by the request id', NULL, place
    FROM behind
    WHERE final_endpoint_basis = 'window'
)
SELECT 'access_log_fields' AS check_id, severity, service, service_port, subject, message, remedy, yaml,
       place.source AS source, place.line AS line
FROM found;
