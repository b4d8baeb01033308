SELECT check_id, severity, service, subject, source, line FROM findings WHERE check_id IN ('outlier_detection', 'max_ejection_percent') ORDER BY service
