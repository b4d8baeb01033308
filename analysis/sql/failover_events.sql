-- What happened in each failover, when, and which log lines show it?
-- The instant lies between two entries: the last that does not show it yet (before_source, before_line) and the first
-- that does (source, line). A relapse or an outage has an end of its own.
-- needs: judged_events, judged_failovers, troubled
-- columns:
--   judged_events.*
--   requests: Requests that began in a relapse or an outage; NULL for other events.
--   failed: Those of them that were lost.
--   note: What it means, in words.
CREATE TABLE failover_events AS
WITH extents AS (
    SELECT e.failover_id, e.seq, count(*) AS requests, count(*) FILTER (r.failed) AS failed,
           count(*) FILTER (r.stalled) AS stalled
    FROM (
        SELECT *, unnest(range(epoch_us(earliest) // 3600000000, epoch_us(until_earliest) // 3600000000 + 1)) AS hour
        FROM judged_events
        WHERE until_latest IS NOT NULL
    ) AS e
    JOIN judged_failovers AS f USING (failover_id)
    JOIN troubled AS r
        ON r.route = f.route AND epoch_us(r.start_time) // 3600000000 = e.hour
        AND r.start_time > e.earliest AND r.start_time <= e.until_earliest
    GROUP BY ALL
)
SELECT
    e.*,
    x.requests,
    x.failed,
    CASE e.event
        WHEN 'onset' THEN
            CASE WHEN e.latest = f.first_spill_latest AND e.earliest = f.first_spill_earliest
                 THEN format('first sign: a request goes to {} without an error before it', f.secondary)
                 ELSE format('first request that {} lost', f."primary") END
        WHEN 'first_spill' THEN format('first request sent to {}', f.secondary)
        WHEN 'full_failover' THEN format('from here {} serves nothing', f."primary")
        WHEN 'relapse' THEN
            CASE WHEN coalesce(x.failed + x.stalled, 0) = 0 THEN format('traffic left {} again', f."primary")
                 WHEN x.stalled > 0 THEN format(
                     '{} tried again: {} of {} requests lost, {} left waiting', f."primary", x.failed, x.requests, x.stalled
                 )
                 ELSE format('{} tried again: {} of {} requests lost', f."primary", x.failed, x.requests) END
        WHEN 'outage' THEN format('nobody answered: {} of {} requests lost', x.failed + x.stalled, x.requests)
        WHEN 'last_primary_error' THEN format('last request that {} lost, or that found no endpoint', f."primary")
        WHEN 'first_failback' THEN format('first request back on {}', f."primary")
        WHEN 'recovered' THEN
            CASE WHEN f.secondary IS NULL THEN format('{} answers again', f."primary")
                 ELSE format('last request on {}, then none', f.secondary) END
    END AS note
FROM judged_events AS e
JOIN judged_failovers AS f USING (failover_id)
LEFT JOIN extents AS x ON x.failover_id = e.failover_id AND x.seq = e.seq
ORDER BY e.failover_id, e.seq;
