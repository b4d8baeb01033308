WITH wanted AS (
    SELECT 1 AS n, 'again' AS id, * FROM trace_of('again')
    UNION ALL SELECT 2, 'both', * FROM trace_of('both')
    UNION ALL SELECT 3, 'onward', * FROM trace_of('onward')
)
SELECT id, trace, seq, depth, callers, link_basis, role, duration_ms, callee_ms, missing, source, line
FROM wanted ORDER BY n, trace, seq
