SELECT * FROM traffic_by('response_code', since := '2026-11-23 20:54:01', until := TIMESTAMPTZ '2026-11-23T20:54:06Z')
