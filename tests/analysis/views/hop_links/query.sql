SELECT c.source AS caller, c.line AS caller_line, s.source AS callee, s.line AS callee_line, l.basis
FROM hop_links AS l
JOIN hops AS c ON c.hop_id = l.caller_id
JOIN hops AS s ON s.hop_id = l.callee_id
ORDER BY ALL
