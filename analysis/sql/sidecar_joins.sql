-- Which entries of sidecars came in over which connection of an east-west gateway?
-- The address from which the gateway spoke is the one that the sidecar saw as its caller, the gateway's pod is the
-- sidecar's own address, and the entry lies within the connection, give or take two seconds.
-- internal
-- needs: attributed, attributed_kinds, east_west_connections
-- columns:
--   connection_id: hop_id of the connection.
--   hop_id: hop_id of the sidecar's entry.
CREATE TABLE sidecar_joins AS
SELECT c.connection_id, a.hop_id
FROM attributed AS a
JOIN east_west_connections AS c
    ON c.own_address = a.downstream_remote_address AND c.pod = a.downstream_local_address
    AND epoch_us(a.start_time) >= c.opened - 2000000 AND epoch_us(a.end_time) <= c.closed + 2000000
SEMI JOIN (
    SELECT kind FROM attributed_kinds WHERE role IN ('sidecar_inbound', 'ztunnel', 'waypoint')
) AS k ON k.kind = a.kind
-- On the column as logged as well: it reaches the files.
WHERE a.role IN ('sidecar_inbound', 'ztunnel', 'waypoint')
QUALIFY count(*) OVER (PARTITION BY a.hop_id) = 1;
