-- Of which services do we hold the log of a caller that went through an east-west gateway?
-- internal
-- needs: attributed_kinds
-- columns:
--   service: Host of the service.
--   service_port: Port of the service.
CREATE TABLE callers_held AS
SELECT DISTINCT service, service_port
FROM attributed_kinds
WHERE role <> 'east_west' AND endpoint_kind = 'east_west_gateway';
