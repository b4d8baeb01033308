-- Where was each request of a known service sent, and how did it end?
-- route_requests kept on disk: requests is a view over the whole log, and too wide to be read again for every question.
-- internal
-- needs: route_requests
-- columns:
--   route_requests.*
CREATE TABLE routed AS
SELECT * FROM route_requests;
