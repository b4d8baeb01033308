SELECT * FROM compare_windows('endpoint', '2026-11-23T20:54:03Z', '2026-11-23T20:54:06Z')
