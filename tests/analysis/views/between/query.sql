SELECT start_time, endpoint, line FROM "between"('2026-11-23T20:54:01Z', '2026-11-23T20:54:03Z') ORDER BY line
