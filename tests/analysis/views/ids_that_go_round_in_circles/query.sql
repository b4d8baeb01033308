SELECT c.source AS caller, s.source AS callee, l.basis FROM hop_links AS l JOIN hops AS c ON c.hop_id = l.caller_id JOIN hops AS s ON s.hop_id = l.callee_id
