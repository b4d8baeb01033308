-- Which response flags did lost requests carry in each bin of the whole log?
SELECT
    (epoch_us(start_time) - epoch_us($starts)) // $bin_us AS bin,
    NULL::INTEGER AS response_code,
    CASE WHEN flags = '' THEN []::VARCHAR[] ELSE list_sort(string_split(flags, ',')) END AS response_flags,
    count(*) AS failed
FROM routed
WHERE {scene} AND failed
GROUP BY ALL
ORDER BY bin, response_flags
