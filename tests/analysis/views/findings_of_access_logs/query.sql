SELECT severity, service, subject, yaml IS NOT NULL AS has_yaml, source, line FROM findings WHERE check_id = 'access_log_fields' ORDER BY ALL
