SELECT proxy, callee_proxy, basis, offset_min_ms, offset_max_ms, joins, conflicts FROM clock_skews
