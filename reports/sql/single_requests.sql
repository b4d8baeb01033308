-- Which single requests began just before and just after each instant?
-- Those of a close-up: the ones nearest to an instant, on both sides of it.
WITH scene AS (
    SELECT * FROM requests WHERE {scene}
), instants AS (
    SELECT unnest($instants) AS instant
), ranked AS (
    SELECT
        s.start_time, s.duration_ms, s.response_code, list_sort(s.response_flags) AS response_flags,
        s.endpoint, s.endpoint_group, s.group_role, s.failed, s.source, s.line,
        row_number() OVER (
            PARTITION BY i.instant, s.start_time < i.instant
            ORDER BY abs(epoch_us(s.start_time) - epoch_us(i.instant)), s.source, s.line
        ) AS place
    FROM scene AS s
    JOIN instants AS i
        ON s.start_time >= i.instant - to_microseconds($near_us) AND s.start_time < i.instant + to_microseconds($near_us)
)
SELECT DISTINCT
    start_time, duration_ms, response_code, response_flags, left(endpoint, 100) AS endpoint, endpoint_group, group_role,
    failed, source, line
FROM ranked
WHERE place <= $most
ORDER BY start_time, source, line
