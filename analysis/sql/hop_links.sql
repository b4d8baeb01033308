-- Which entry led to which: who called whom?
-- exact: the caller's upstream_local_address is the east-west gateway's downstream_remote_address, and the connection was
-- open when the request ended, whatever the clocks (clock_skews); where two connections fit, neither is linked. The same
-- for the gateway's connection and what the pod's sidecar logged on it, where that logs the gateway's address.
-- connection: the lines that the ztunnels of both ends wrote of one connection, where no other two fit (ztunnel_joins).
-- request_id: the callee logged the caller's request id, within the time of the caller's request.
-- needs: attributed, gateway_callers, caller_segments, request_links, sidecar_joins, ztunnel_joins
-- columns:
--   caller_id: hop_id of the entry that called.
--   callee_id: hop_id of the entry that was called.
--   basis: exact, connection or request_id.
CREATE VIEW hop_links AS
SELECT c.hop_id AS caller_id, s.connection_id AS callee_id, 'exact' AS basis
FROM gateway_callers AS c
JOIN caller_segments AS s
    ON s.call_key = c.call_key AND s.basis = 'exact' AND s.from_us <= c.open_at AND s.until_us > c.open_at
UNION ALL
SELECT connection_id, hop_id, 'exact' FROM sidecar_joins
UNION ALL
SELECT caller_id, callee_id, 'connection' FROM ztunnel_joins WHERE is_sure
UNION ALL
SELECT caller_id, callee_id, 'request_id' FROM request_links WHERE is_sure;
