SELECT since, priority, healthy, total, predicted_percent, requests, of_requests, source, line FROM priority_splits ORDER BY since, priority
