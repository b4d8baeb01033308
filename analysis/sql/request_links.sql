-- Which entries of other proxies, by their request id, were called by which?
-- The callee began within the time of the caller's entry, as far as the clocks are known (give or take 10 ms). Of
-- several callers that fit, the nearest in the order of id_joins is the one that called, an address that it names coming
-- first; where two that are alike fit (one id, sent twice), the link is not sure.
-- internal
-- needs: id_joins, clock_skews
-- columns:
--   caller_id: hop_id of the entry that called.
--   callee_id: hop_id of the entry that was called.
--   is_forwarded: True where the callee passed the request on: it is no inbound sidecar.
--   callee_end: When the callee's entry ended (UTC).
--   pod: Who served the callee's entry; NULL where that is a gateway again.
--   is_sure: False where another entry may have called it as well.
CREATE TABLE request_links AS
WITH timely AS (
    SELECT j.*
    FROM id_joins AS j
    LEFT JOIN clock_skews AS k
        ON k.basis = 'request_id' AND k.caller_key = j.caller_key AND k.callee_key = j.callee_key
    WHERE j.start_gap_us >= coalesce(k.offset_min_ms, 0) * 1000 - 10000
      AND j.start_gap_us <= j.caller_us + coalesce(k.offset_max_ms, 0) * 1000 + 10000
), nearest AS (
    SELECT *
    FROM timely
    QUALIFY rank() OVER (PARTITION BY callee_id ORDER BY is_named DESC, caller_rank DESC) = 1
)
SELECT caller_id, callee_id, callee_rank < 4 AS is_forwarded, callee_end, pod, count(*) OVER (PARTITION BY callee_id) = 1 AS is_sure
FROM nearest;
