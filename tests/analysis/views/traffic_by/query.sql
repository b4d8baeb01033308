SELECT step_start, value, requests, share, failed, p50_ms, bytes_sent FROM traffic_by('endpoint', until := '2026-11-23T20:54:07Z', step := '3 seconds')
