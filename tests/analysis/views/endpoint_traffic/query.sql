SELECT second, endpoint, endpoint_kind, endpoint_group, requests, failed FROM endpoint_traffic ORDER BY ALL
