-- Which files were read, how much of each was understood, and how far can it be trusted?
-- A log that holds nothing but errors was filtered. Envoy's runtime filter keeps a request when eight hex digits of its
-- id, as a number modulo 100 (10,000, a million), are below the share asked for: a log whose ids all are was sampled
-- (one chance in a million that it was not). A gap is a silence much longer than the file's own rhythm
-- explains (one chance in a million for requests at its average rate, and ten seconds at least). Neither proves that
-- requests were lost, and silence is not health.
-- needs: source_files, access_log, entry_kinds, slim_log
-- columns:
--   source_files.*
--   coverage: errors_only (every entry is an error: a filtered log), unknown (fewer than 20 entries), sampled (the request ids kept are those a runtime filter keeps) or full (nothing suggests that entries are missing).
--   gaps: Silences inside the log: list of (gap_start, gap_end), UTC.
CREATE TABLE sources AS
WITH facts AS (
    SELECT
        source,
        sum(entries) AS entries,
        sum(entries) FILTER (log_kind = 'http') AS http_entries,
        coalesce(sum(entries) FILTER (log_kind = 'http' AND response_code < 400 AND response_code > 0), 0) AS good
    FROM entry_kinds
    GROUP BY source
), numbers AS NOT MATERIALIZED (
    SELECT
        source, line, request_id,
        TRY_CAST('0x' || substr(request_id, 1, 8) AS UBIGINT) AS id_head,
        TRY_CAST('0x' || substr(request_id, 29, 8) AS UBIGINT) AS id_tail
    FROM access_log
), suspects AS (
    -- A share can only grow with more entries: where the first lines show all of them, the rest need not be read.
    SELECT source FROM facts
    EXCEPT
    SELECT source
    FROM numbers
    WHERE line <= 10000
    GROUP BY source
    HAVING least(max(id_head % 100), max(id_tail % 100)) >= 98
       AND least(max(id_head % 10000), max(id_tail % 10000)) >= 9899
       AND least(max(id_head % 1000000), max(id_tail % 1000000)) >= 989999
), samples AS (
    SELECT
        source,
        count(DISTINCT request_id) FILTER (id_head IS NOT NULL) AS ids,
        least(
            (max(id_head % 100) + 1) / 100, (max(id_tail % 100) + 1) / 100,
            (max(id_head % 10000) + 1) / 10000, (max(id_tail % 10000) + 1) / 10000,
            (max(id_head % 1000000) + 1) / 1000000, (max(id_tail % 1000000) + 1) / 1000000
        ) AS share_kept
    FROM numbers
    SEMI JOIN suspects USING (source)
    GROUP BY source
), ticks AS (
    SELECT k.source, epoch_us(l.start_time) // 1000000 AS second, count(*) AS entries
    FROM slim_log AS l
    JOIN (SELECT kind, source FROM entry_kinds) AS k USING (kind)
    WHERE l.start_time IS NOT NULL
    GROUP BY ALL
), steps AS (
    SELECT
        source, second, lead(second) OVER (PARTITION BY source ORDER BY second) AS next_second,
        sum(entries) OVER (PARTITION BY source) AS total,
        count(*) OVER (PARTITION BY source) AS busy_seconds,
        max(second) OVER (PARTITION BY source) - min(second) OVER (PARTITION BY source) + 1 AS lasted
    FROM ticks
), silences AS (
    SELECT
        source,
        list({
            'gap_start': make_timestamptz((second + 1) * 1000000), 'gap_end': make_timestamptz(next_second * 1000000)
        } ORDER BY second) AS gaps
    FROM steps
    WHERE next_second - second > 10
      AND (next_second - second) * (total / lasted) > 13.8 * greatest(1, total / busy_seconds / 10)
      AND total >= 20
    GROUP BY source
)
SELECT
    f.*,
    CASE
        WHEN x.http_entries >= 20 AND x.good = 0 THEN 'errors_only'
        WHEN coalesce(x.entries, 0) < 20 THEN 'unknown'
        WHEN n.share_kept < 0.99 AND n.ids * ln(n.share_kept) < ln(1e-6) THEN 'sampled'
        ELSE 'full'
    END AS coverage,
    coalesce(s.gaps, []::STRUCT(gap_start TIMESTAMPTZ, gap_end TIMESTAMPTZ)[]) AS gaps
FROM source_files AS f
LEFT JOIN facts AS x USING (source)
LEFT JOIN samples AS n USING (source)
LEFT JOIN silences AS s USING (source)
ORDER BY f.source;
