SELECT endpoint, endpoint_kind, endpoint_group, group_role, workload, endpoint_basis, requests, failed, share, p50_ms,
       first_seen, last_seen, ejections, priority, by_flags, out_of_line
FROM endpoints
