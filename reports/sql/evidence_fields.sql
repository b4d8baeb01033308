-- Which values of the evidence lines matter?
WITH wanted AS (SELECT unnest($sources) AS source, unnest($lines) AS line)
SELECT
    a.source, a.line, a.start_time, a.response_code, a.response_flags, left(a.response_code_details, 300) AS details,
    left(a.upstream_host, 100) AS upstream_host
FROM access_log AS a
SEMI JOIN wanted AS w ON w.source = a.source AND w.line = a.line
ORDER BY a.source, a.line
