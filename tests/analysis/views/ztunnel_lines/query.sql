SELECT
    h.source, h.line, h.direction, h.service, h.service_port, h.endpoint_kind, h.workload, h.outcome, h.failed,
    h.end_time - h.start_time AS after_its_line, r.hop_id IS NOT NULL AS is_request, l.basis AS called_by
FROM hops AS h
LEFT JOIN requests AS r USING (hop_id)
LEFT JOIN hop_links AS l ON l.callee_id = h.hop_id
ORDER BY h.start_time, h.source
