-- The table of Envoy's documentation (priority levels), then its rule on counts: one of three and one of two ejected.
SELECT healthy_percent, list(l.load_percent ORDER BY l.priority) AS load_percent
FROM (VALUES
    ([100, 100, 100], [100, 100, 100]), ([72, 72, 100], [100, 100, 100]), ([71, 71, 100], [100, 100, 100]),
    ([50, 50, 100], [100, 100, 100]), ([25, 100, 100], [100, 100, 100]), ([25, 25, 100], [100, 100, 100]),
    ([25, 25, 20], [100, 100, 100]), ([25, 25], [100, 100]), ([5, 65], [100, 100]), ([0, 0], [100, 100]),
    ([2, 1], [3, 1]), ([1, 1], [2, 1]), ([0, 1], [0, 1])
) AS given (healthy_percent, total), LATERAL (SELECT * FROM priority_load(given.healthy_percent, given.total)) AS l
GROUP BY ALL ORDER BY ALL
