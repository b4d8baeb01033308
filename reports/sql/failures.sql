-- Which status codes and response flags did lost requests carry in each bin?
SELECT
    (epoch_us(start_time) - epoch_us($starts)) // $bin_us AS bin,
    response_code,
    list_sort(response_flags) AS response_flags,
    count(*) AS failed
FROM requests
WHERE {scene} AND failed
GROUP BY ALL
ORDER BY bin, response_code, response_flags
