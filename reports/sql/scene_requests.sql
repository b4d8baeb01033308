-- How many requests are there to draw?
SELECT count(*) AS requests FROM routed WHERE {scene}
