SELECT second, endpoint_group, group_role, requests, failed, p50_ms, p95_ms, bytes_sent FROM traffic ORDER BY ALL
