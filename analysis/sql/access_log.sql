-- What does every access-log entry say?
-- One row per entry that parsed, within --since and --until.
-- needs: access_log_files
-- columns:
--   access_log_files.*
CREATE VIEW access_log AS
SELECT *
FROM access_log_files
WHERE (getvariable('since') IS NULL OR start_time >= getvariable('since'))
  AND (getvariable('until') IS NULL OR start_time < getvariable('until'));
