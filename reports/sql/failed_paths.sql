-- Which paths lost the most requests? Paths without their query, cut at 200 characters.
SELECT
    method,
    left(split_part(path, '?', 1), 200) AS path_only,
    count(*) AS failed
FROM requests
WHERE {scene} AND failed
GROUP BY method, path_only
ORDER BY failed DESC, method, path_only
LIMIT $most
