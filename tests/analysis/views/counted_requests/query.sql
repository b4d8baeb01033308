SELECT endpoint, source, counted, held FROM counted_requests ORDER BY ALL
