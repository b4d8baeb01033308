SELECT endpoint, round, ejected_s, grew_s, last_routed_at, stragglers, stragglers_failed, first_routed_at, tried, tried_failed
FROM ejection_effects
