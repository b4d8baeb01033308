WITH wanted AS (
    SELECT 1 AS n, 'chain' AS id, * FROM trace_of('chain')
    UNION ALL SELECT 2, 'refused', * FROM trace_of('refused')
    UNION ALL SELECT 3, 'nobody', * FROM trace_of('nobody')
    UNION ALL SELECT 4, 'pending', * FROM trace_of('pending')
    UNION ALL SELECT 5, 'elsewhere', * FROM trace_of('elsewhere')
    UNION ALL SELECT 6, 'lost', * FROM trace_of('lost')
    UNION ALL SELECT 7, 'unheld', * FROM trace_of('unheld')
    UNION ALL SELECT 8, 'none', * FROM trace_of('none')
)
SELECT id, trace, seq, depth, link_basis, proxy, endpoint, final_endpoint, duration_ms, upstream_ms, own_ms, callee_ms, between_ms, missing, source, line
FROM wanted ORDER BY n, trace, seq
