SELECT check_id, severity, service, subject, source, line FROM findings WHERE check_id = 'distribute'
