-- Which line of a ztunnel was written of a connection that another held line carries or tells of as well?
-- Both ends of a connection are logged: by the caller's ztunnel and by the pod's. They name the same caller's IP, pod and
-- service, the bytes of one side are those of the other the other way round, and they end at most two seconds apart.
-- A connection that a gateway or waypoint of Envoy opened, whose own lines are held, carries what those lines tell.
-- internal
-- needs: attributed, attributed_kinds, ztunnel_kinds
-- columns:
--   caller_id: The entry that called; NULL for a proxy of Envoy, whose requests share the connection.
--   callee_id: hop_id of the inbound line.
--   is_sure: True where no other line fits on either side.
CREATE TABLE ztunnel_joins AS
WITH lines AS (
    SELECT
        p.hop_id, z.direction, z.service, z.pod, p.end_time, p.cluster_id,
        regexp_extract(p.downstream_remote_address, '^(.*):[0-9]+$', 1) AS caller_ip,
        CASE WHEN z.direction = 'outbound' THEN [p.bytes_sent, p.bytes_received] ELSE [p.bytes_received, p.bytes_sent] END AS bytes
    FROM ztunnel_kinds AS z
    JOIN attributed AS p ON p.kind = z.kind
), numbered AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY direction, cluster_id, caller_ip, pod, service, bytes ORDER BY end_time, hop_id) AS number,
        count(*) OVER (PARTITION BY direction, cluster_id, caller_ip, pod, service, bytes) AS alike
    FROM lines
    WHERE pod IS NOT NULL AND bytes[1] IS NOT NULL AND bytes[2] IS NOT NULL
), paired AS (
    SELECT o.hop_id AS caller_id, i.hop_id AS callee_id, o.alike = 1 AND i.alike = 1 AS is_sure
    FROM numbered AS o
    JOIN numbered AS i
        ON o.direction = 'outbound' AND i.direction = 'inbound' AND i.cluster_id IS NOT DISTINCT FROM o.cluster_id
        AND i.caller_ip = o.caller_ip AND i.pod = o.pod AND i.service IS NOT DISTINCT FROM o.service AND i.bytes = o.bytes
        AND i.number = o.number AND abs(epoch_us(i.end_time) - epoch_us(o.end_time)) <= 2000000
), proxied AS (
    SELECT DISTINCT
        cluster_id, regexp_extract(downstream_local_address, '^(.*):[0-9]+$', 1) AS caller_ip,
        regexp_replace(upstream_host, '^envoy://[^/]*/', '') AS pod
    FROM attributed_kinds
    WHERE role <> 'ztunnel'
)
SELECT caller_id, callee_id, is_sure FROM paired
UNION ALL
SELECT DISTINCT NULL, l.hop_id, false
FROM lines AS l
JOIN proxied AS e ON e.cluster_id IS NOT DISTINCT FROM l.cluster_id AND e.caller_ip = l.caller_ip AND e.pod = l.pod
WHERE l.direction = 'inbound' AND l.hop_id NOT IN (SELECT callee_id FROM paired);
