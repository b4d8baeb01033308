-- When did each entry begin, how long did it take, and of which kind is it?
-- The log without its text: what is counted over all requests is counted here and not on the log, which is too wide to be
-- read again for every question.
-- internal
-- needs: keyed_log, entry_kinds
-- columns:
--   hop_id: Number of the entry.
--   kind: Number of its kind.
--   start_time: When it began (UTC).
--   duration_ms: How long it took, in milliseconds.
--   bytes: Bytes of body received and sent.
CREATE TABLE slim_log AS
SELECT
    k.source_number * 1099511627776 + l.line AS hop_id,
    k.kind,
    l.start_time,
    l.duration_ms,
    coalesce(l.bytes_received, 0) + coalesce(l.bytes_sent, 0) AS bytes
FROM keyed_log AS l
JOIN entry_kinds AS k USING (kind_key);
