SELECT severity, subject, regexp_extract(message, 'of TLS to [^:]*:[0-9]+[^:]*: ([a-z ]+)', 1) AS what, source, line FROM findings WHERE check_id = 'tls_trust' ORDER BY line
