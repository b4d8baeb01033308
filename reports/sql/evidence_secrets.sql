-- Which values of the evidence lines may have to be redacted?
WITH wanted AS (SELECT unnest($sources) AS source, unnest($lines) AS line)
SELECT
    a.source, a.line, a.path,
    list_distinct([a.user_agent] || map_values(map_from_entries(list_filter(
        map_entries(a.extra), lambda e: regexp_matches(e.key, 'user.?agent', 'i')
    )))) AS user_agents
FROM access_log AS a
SEMI JOIN wanted AS w ON w.source = a.source AND w.line = a.line
ORDER BY a.source, a.line
