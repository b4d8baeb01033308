-- Why could lines not be read, and how many?
SELECT reason, count(*) AS count FROM rejects GROUP BY reason ORDER BY count DESC, reason LIMIT 50
