SELECT start_time, duration_ms, endpoint, outcome, line FROM slowest(since := '2026-11-23T20:54:01Z', top := 3)
