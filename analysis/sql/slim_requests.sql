-- Which kind is each request of, and when did it begin and end?
-- The rows of requests, without what only the log itself can tell: the text of each entry, and who answered behind a gateway.
-- internal
-- needs: slim_log, judged_kinds, called, callers_held
-- columns:
--   slim_log.*
--   end_time: When it ended (UTC).
--   stalled: True where the client left after waiting a second or more without any answer.
--   pinned: True for a stream longer than 10 minutes.
--   judged_kinds.* except kind, kind_key
CREATE VIEW slim_requests AS
SELECT
    l.*,
    make_timestamptz(epoch_us(l.start_time) + CASE WHEN k.role = 'ztunnel' THEN 0 ELSE coalesce(l.duration_ms, 0) * 1000 END)
        AS end_time,
    k.may_stall AND coalesce(l.duration_ms >= 1000, false) AS stalled,
    coalesce(l.duration_ms > 600000, false) AS pinned,
    k.* EXCLUDE (kind, kind_key)
FROM slim_log AS l
JOIN judged_kinds AS k ON k.kind = l.kind
ANTI JOIN called AS c ON c.callee_id = l.hop_id
ANTI JOIN callers_held AS h
    ON k.role = 'east_west' AND h.service = k.service AND h.service_port IS NOT DISTINCT FROM k.service_port
WHERE getvariable('service') IS NULL OR k.service = getvariable('service');
