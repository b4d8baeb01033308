-- How many requests did each of the endpoints drawn get in each bin of a close-up, and how many of them were lost?
SELECT
    (epoch_us(start_time) - epoch_us($starts)) // $bin_us AS bin,
    endpoint,
    count(*) AS requests,
    count(*) FILTER (failed) AS failed
FROM requests
WHERE {scene} AND list_contains($endpoints, endpoint)
GROUP BY bin, endpoint
ORDER BY bin, endpoint
