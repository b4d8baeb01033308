SELECT check_id, severity, subject, source, line FROM findings WHERE check_id NOT IN ('access_log_fields') ORDER BY check_id, subject
