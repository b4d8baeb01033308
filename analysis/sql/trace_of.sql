-- Which lines of which proxies belong to one request, in which order, and where did its time go?
-- trace_of(request_id): the entries that logged the id, what they called (hop_links) even where that line bears no id
-- (the TCP connection of an east-west gateway), and a row for each hop that left no line, with the reason.
-- Several requests may bear one id: each entry that no other one called begins a trace of its own. A caller's
-- duration minus its upstream time is what it spent itself, with receiving the request and sending the answer on; its
-- upstream time minus the callee's duration went on the way. Durations of two clocks may be compared, times may not.
-- needs: access_log, resolved, sidecar_joins, request_links, clock_skews
-- parameters:
--   wanted: The request id.
-- example: SELECT seq, depth, gateway, role, outcome, own_ms, between_ms, source, line FROM trace_of('a09faf25-9c89-4044-8813-117b3f8cdba5')
-- columns:
--   trace: Number of the request among those that bear the id, by time, from 1.
--   seq: Order of the row within its trace: callers before those they called.
--   depth: 0 for the entry where the request came in, one more for each hop.
--   hop_id: The entry; NULL for a hop that left no line.
--   caller_id: The entry that called it; NULL where the request came in.
--   callers: How many entries may have called it; above 1, requests with one id overlapped and it stands under one of them.
--   link_basis: How that is known: that of hop_links, same_proxy (an application called on with the id), or none.
--   cluster_id: Kubernetes cluster of the proxy.
--   gateway: Workload of the proxy.
--   proxy: Replica.
--   role: Role of the proxy; of a hop that left no line, as far as it is known.
--   log_kind: http, or tcp for the whole connection that carried the request.
--   method: HTTP method.
--   path: Request path.
--   service: Host of the service.
--   service_port: Port of the service.
--   response_code: HTTP status.
--   response_flags: Response flags.
--   response_code_details: Who set the response code and why.
--   outcome: How it ended for this proxy.
--   failed: True where the caller lost it through the upstream side.
--   endpoint: The upstream address as logged; of a hop that left no line, its own address.
--   endpoint_kind: pod, east_west_gateway, external, internal, none or unknown.
--   endpoint_group: Cluster or network of the endpoint.
--   workload: Workload or pod name of the endpoint, where known.
--   endpoint_basis: How that is known.
--   final_endpoint: Who answered in the end, where the endpoint is a gateway.
--   final_endpoint_basis: exact, request_id, window, pending, none, or direct where the endpoint is no gateway.
--   final_endpoint_candidates: Pods that may have answered, where that is not one.
--   attempts: Attempts made upstream, where logged.
--   start_time: When it began, by the clock of its proxy (UTC).
--   end_time: When it ended, by the same clock.
--   clock_ahead_ms: How much that clock is ahead of the one of the trace's first entry, at least (clock_skews); negative where it is behind, 0 where they agree or nothing tells.
--   duration_ms: How long it took in milliseconds; of a TCP line, the whole connection.
--   upstream_ms: Until the upstream's answer began, retries included, as the proxy saw it.
--   own_ms: duration_ms - upstream_ms: in the proxy itself, with receiving the request and sending the answer.
--   callee_ms: What the proxies it called report as their durations (summed, as retries come one after another).
--   between_ms: upstream_ms - callee_ms: connecting, TLS, network, gateways that only pass bytes on; NULL where the lines do not tell.
--   missing: Why this hop left no line: no_upstream, not_connected, pending, several_connections, gateway_log_not_held, pod_log_not_held, not_in_its_log, with_another_request or outside; NULL for an entry.
--   note: The same in words.
--   source: File of the line.
--   line: Line in that file.
CREATE MACRO trace_of(wanted) AS TABLE
WITH RECURSIVE bearers AS MATERIALIZED (
    SELECT * FROM resolved WHERE request_id = wanted
), connections AS (
    SELECT DISTINCT connection_id AS hop_id FROM bearers WHERE connection_basis = 'exact'
), carried AS (
    -- A connection carries requests of other ids as well: only entries without one lead on.
    SELECT hop_id FROM connections
    UNION
    SELECT j.hop_id FROM sidecar_joins AS j JOIN connections AS c ON c.hop_id = j.connection_id
), entries AS MATERIALIZED (
    SELECT * FROM bearers
    UNION ALL
    SELECT a.* FROM resolved AS a SEMI JOIN carried AS r ON r.hop_id = a.hop_id WHERE nullif(a.request_id, '') IS NULL
), links AS MATERIALIZED (
    -- hop_links, of these entries.
    SELECT hop_id AS caller_id, connection_id AS callee_id, 'exact' AS basis FROM entries WHERE connection_basis = 'exact'
    UNION ALL
    SELECT connection_id, hop_id, 'exact' FROM sidecar_joins
    UNION ALL
    SELECT caller_id, callee_id, 'request_id' FROM request_links WHERE is_sure
), held AS MATERIALIZED (
    SELECT downstream_local_address AS address,
           bool_or(role IN ('east_west', 'ztunnel')) AS as_gateway, bool_or(role IN ('sidecar_inbound', 'waypoint')) AS as_pod
    FROM access_log
    WHERE role IN ('east_west', 'sidecar_inbound', 'waypoint', 'ztunnel') AND downstream_local_address IS NOT NULL
    GROUP BY downstream_local_address
), linked AS (
    SELECT l.caller_id, l.callee_id, l.basis
    FROM links AS l
    SEMI JOIN entries AS c ON c.hop_id = l.caller_id
    SEMI JOIN entries AS s ON s.hop_id = l.callee_id
    UNION
    -- Requests that bear one id at one time: each of them may have called, and no link is sure.
    SELECT l.caller_id, l.callee_id, 'request_id'
    FROM request_links AS l
    SEMI JOIN entries AS c ON c.hop_id = l.caller_id
    WHERE NOT l.is_sure
    UNION
    -- The sidecar of the pod to which the gateway's connection led stands behind the gateway.
    SELECT g.callee_id, s.callee_id, s.basis
    FROM links AS g
    JOIN entries AS e ON e.hop_id = g.callee_id AND e.log_kind = 'tcp'
    JOIN links AS s ON s.caller_id = g.caller_id AND s.callee_id <> g.callee_id
    JOIN entries AS p ON p.hop_id = s.callee_id AND p.downstream_local_address = e.upstream_host
    SEMI JOIN entries AS c ON c.hop_id = g.caller_id
    UNION
    SELECT i.hop_id, o.hop_id, 'same_proxy'
    FROM entries AS i
    JOIN entries AS o
        ON o.role = 'sidecar_outbound' AND i.role = 'sidecar_inbound'
        AND o.cluster_id IS NOT DISTINCT FROM i.cluster_id AND o.gateway IS NOT DISTINCT FROM i.gateway
        AND o.proxy IS NOT DISTINCT FROM i.proxy
        -- One clock: only the flooring to the millisecond is left.
        AND o.start_time BETWEEN i.start_time - INTERVAL 1 MILLISECOND AND i.end_time + INTERVAL 1 MILLISECOND
), edges AS MATERIALIZED (
    SELECT l.*
    FROM linked AS l
    WHERE NOT EXISTS (
        SELECT 1 FROM linked AS b
        WHERE b.caller_id = l.callee_id AND b.callee_id = l.caller_id AND l.caller_id > l.callee_id
    )
), inner_callers AS (
    SELECT e.caller_id, e.callee_id, e.basis, epoch_us(any_value(c.start_time)) AS start_us,
           count(DISTINCT x.caller_id) FILTER (y.caller_id IS NOT NULL) AS called_by
    FROM edges AS e
    JOIN entries AS c ON c.hop_id = e.caller_id
    LEFT JOIN edges AS x ON x.callee_id = e.caller_id
    LEFT JOIN edges AS y ON y.caller_id = x.caller_id AND y.callee_id = e.callee_id
    GROUP BY e.caller_id, e.callee_id, e.basis
), parents AS MATERIALIZED (
    -- Of several callers the innermost: the one that most of the others called. Callers that do not call one another
    -- are other requests with this id.
    SELECT
        callee_id AS hop_id,
        arg_max(caller_id, (called_by, start_us, caller_id)) AS caller_id,
        arg_max(basis, (called_by, start_us, caller_id)) AS link_basis,
        count(DISTINCT caller_id) FILTER (called_by = 0) AS callers
    FROM inner_callers
    GROUP BY callee_id
), placed AS (
    SELECT e.hop_id AS root_id, e.hop_id, NULL::BIGINT AS caller_id, NULL::BIGINT AS http_caller_id, 0 AS depth,
           [epoch_us(e.start_time), e.hop_id] AS place
    FROM entries AS e
    ANTI JOIN parents AS p ON p.hop_id = e.hop_id
    UNION ALL
    SELECT d.root_id, e.hop_id, d.hop_id, CASE WHEN c.log_kind = 'http' THEN d.hop_id ELSE d.http_caller_id END,
           d.depth + 1, list_concat(d.place, [epoch_us(e.start_time), e.hop_id])
    FROM placed AS d
    JOIN parents AS p ON p.caller_id = d.hop_id
    JOIN entries AS e ON e.hop_id = p.hop_id
    JOIN entries AS c ON c.hop_id = d.hop_id
    WHERE NOT list_contains(d.place, e.hop_id)
), tree AS MATERIALIZED (
    SELECT * FROM placed
    UNION ALL
    -- Entries that call one another in a circle have no beginning.
    SELECT e.hop_id, e.hop_id, NULL, NULL, 0, [epoch_us(e.start_time), e.hop_id]
    FROM entries AS e
    ANTI JOIN placed AS d ON d.hop_id = e.hop_id
), children AS (
    SELECT t.caller_id AS hop_id, bool_or(e.role IN ('east_west', 'ztunnel')) AS has_gateway
    FROM tree AS t
    JOIN entries AS e ON e.hop_id = t.hop_id
    WHERE t.caller_id IS NOT NULL
    GROUP BY t.caller_id
), called AS (
    SELECT t.http_caller_id AS hop_id, sum(e.duration_ms)::BIGINT AS callee_ms
    FROM tree AS t
    JOIN entries AS e ON e.hop_id = t.hop_id
    JOIN entries AS c ON c.hop_id = t.http_caller_id
    JOIN parents AS p ON p.hop_id = t.hop_id
    -- What an application calls may run side by side; what another request may have called proves nothing of this one.
    WHERE e.log_kind = 'http' AND c.role <> 'sidecar_inbound' AND p.callers <= 1
    GROUP BY t.http_caller_id
), skews AS (
    SELECT t.hop_id, arg_max(
        CASE WHEN k.offset_min_ms > 0 THEN k.offset_min_ms WHEN k.offset_max_ms < 0 THEN k.offset_max_ms ELSE 0 END, k.joins
    ) AS clock_ahead_ms
    FROM tree AS t
    JOIN entries AS e ON e.hop_id = t.hop_id
    JOIN entries AS r ON r.hop_id = t.root_id
    JOIN clock_skews AS k
        ON k.caller_key = hash(r.cluster_id, r.gateway, coalesce(r.proxy, r.source))
        AND k.callee_key = hash(e.cluster_id, e.gateway, coalesce(e.proxy, e.source))
    GROUP BY t.hop_id
), logged AS (
    SELECT
        t.root_id, t.place, t.depth, e.hop_id, t.caller_id, coalesce(p.callers, 0) AS callers,
        coalesce(p.link_basis, 'none') AS link_basis, e.cluster_id, e.gateway, e.proxy, e.role, e.log_kind, e.method,
        e.path, e.service, e.service_port, e.response_code, e.response_flags, e.response_code_details, e.outcome, e.failed, e.endpoint,
        e.endpoint_kind, e.endpoint_group, e.workload, e.endpoint_basis, e.final_endpoint, e.final_endpoint_basis,
        e.final_endpoint_candidates, e.upstream_request_attempt_count AS attempts, e.start_time, e.end_time,
        coalesce(k.clock_ahead_ms, 0) AS clock_ahead_ms, e.duration_ms, e.upstream_service_time_ms AS upstream_ms, e.duration_ms - e.upstream_service_time_ms AS own_ms,
        c.callee_ms,
        -- Both are floored: one millisecond less than nothing is nothing. The callee goes on sending after its answer
        -- began; where that shows, the way cannot be told from it.
        CASE WHEN e.upstream_service_time_ms >= c.callee_ms - 1
             THEN greatest(e.upstream_service_time_ms - c.callee_ms, 0) END AS between_ms,
        NULL::VARCHAR AS missing, NULL::VARCHAR AS note, e.source, e.line, e.connection_basis
    FROM tree AS t
    JOIN entries AS e USING (hop_id)
    LEFT JOIN parents AS p USING (hop_id)
    LEFT JOIN called AS c USING (hop_id)
    LEFT JOIN skews AS k USING (hop_id)
), gaps AS (
    SELECT
        l.* EXCLUDE (connection_basis),
        CASE
            WHEN l.endpoint_kind = 'none' THEN 'no_upstream'
            WHEN l.outcome = 'upstream_unreachable' THEN 'not_connected'
            WHEN x.hop_id IS NOT NULL AND c.hop_id IS NULL THEN 'with_another_request'
            WHEN l.endpoint_kind = 'east_west_gateway' AND l.final_endpoint_basis = 'window' THEN 'several_connections'
            WHEN l.endpoint_kind = 'east_west_gateway' AND l.connection_basis = 'pending' THEN 'pending'
            WHEN l.endpoint_kind = 'east_west_gateway' AND coalesce(h.as_gateway, false) THEN 'not_in_its_log'
            WHEN l.endpoint_kind = 'east_west_gateway' THEN 'gateway_log_not_held'
            WHEN l.endpoint_kind = 'external' THEN 'outside'
            WHEN coalesce(h.as_pod, false) THEN 'not_in_its_log'
            WHEN l.endpoint_kind IN ('pod', 'internal') THEN 'pod_log_not_held'
            ELSE 'outside'
        END AS reason
    FROM logged AS l
    LEFT JOIN children AS c ON c.hop_id = l.hop_id
    LEFT JOIN held AS h ON h.address = l.endpoint
    LEFT JOIN (SELECT DISTINCT caller_id AS hop_id FROM edges) AS x ON x.hop_id = l.hop_id
    -- Behind an inbound line is the application itself.
    WHERE l.role <> 'sidecar_inbound'
      AND (c.hop_id IS NULL OR (l.endpoint_kind = 'east_west_gateway' AND NOT c.has_gateway))
), unlogged AS (
    SELECT
        root_id, list_concat(place, [-1]) AS place, depth + 1 AS depth, NULL::BIGINT AS hop_id, hop_id AS caller_id,
        1 AS callers, 'none' AS link_basis,
        CASE WHEN endpoint_kind = 'east_west_gateway' THEN endpoint_group END AS cluster_id,
        CASE WHEN endpoint_kind = 'east_west_gateway' THEN 'east_west' ELSE 'unknown' END AS role,
        service, service_port, CASE WHEN reason <> 'no_upstream' THEN endpoint END AS endpoint, endpoint_kind,
        endpoint_group, workload, endpoint_basis, final_endpoint_candidates, reason AS missing,
        CASE reason
            WHEN 'no_upstream' THEN 'no endpoint was chosen, so nothing was called'
            WHEN 'not_connected' THEN format('no connection to {} came about, so nothing behind it can have a line', endpoint)
            WHEN 'with_another_request' THEN
                'its line may be the one that stands with another request: they bear one id, and overlap'
            WHEN 'pending' THEN format(
                'the log of the gateway at {} is held, but has no line of this connection: TCP lines are written when '
                || 'the connection closes, an hour later perhaps, and never when the gateway is killed', endpoint)
            WHEN 'several_connections' THEN format(
                'connections of the gateway at {} may have carried this request, but nothing proves which; they led to {}',
                endpoint, array_to_string(final_endpoint_candidates, ', '))
            WHEN 'gateway_log_not_held' THEN format('no log of the gateway at {} is held', endpoint)
            WHEN 'pod_log_not_held' THEN format('no log of a proxy at {} is held', endpoint)
            WHEN 'not_in_its_log' THEN CASE WHEN endpoint_kind = 'east_west_gateway' THEN format(
                'the log of the gateway at {} is held, but has no line of this connection, and none is to come: it does '
                || 'not reach this time, the connection has ended since, or the line was lost when the gateway was killed',
                endpoint)
            ELSE format(
                'the log of the proxy at {} is held, but has no line with this id at this time: sampled, cut, or lost '
                || 'when the proxy was killed', endpoint) END
            ELSE format('no log of {} is held, and nothing says what it is', coalesce(endpoint, 'the upstream'))
        END AS note
    FROM gaps
), everything AS (
    SELECT * EXCLUDE (connection_basis) FROM logged
    UNION ALL BY NAME
    SELECT * FROM unlogged
)
SELECT
    (dense_rank() OVER (ORDER BY place[1], root_id))::INTEGER AS trace,
    (row_number() OVER (PARTITION BY root_id ORDER BY place))::INTEGER AS seq,
    * EXCLUDE (root_id, place)
FROM everything
ORDER BY trace, seq;
