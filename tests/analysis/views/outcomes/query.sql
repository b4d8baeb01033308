SELECT response_code, response_flags, log_kind, grpc_status, outcome, failed, endpoint_kind FROM hops ORDER BY start_time
