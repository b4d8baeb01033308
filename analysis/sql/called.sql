-- Which entries did another held entry call?
-- internal
-- needs: caller_segments, request_links, sidecar_joins, ztunnel_joins
-- columns:
--   callee_id: hop_id of the entry that was called.
CREATE TABLE called AS
SELECT connection_id AS callee_id FROM caller_segments WHERE basis = 'exact'
UNION
SELECT callee_id FROM request_links
UNION
SELECT hop_id FROM sidecar_joins
UNION
SELECT callee_id FROM ztunnel_joins;
