SELECT objective, incident_id, service, limit_value, measured_min, measured_max, verdict, note FROM verdicts
