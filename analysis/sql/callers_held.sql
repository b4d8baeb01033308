-- Of which services do we hold the log of a caller that went through an east-west gateway?
-- Kept on disk: requests asks it each time, and finding it out takes the whole log.
-- internal
-- needs: attributed
-- columns:
--   service: Host of the service.
--   service_port: Port of the service.
CREATE TABLE callers_held AS
SELECT DISTINCT service, service_port
FROM attributed
WHERE role <> 'east_west' AND endpoint_kind = 'east_west_gateway';
