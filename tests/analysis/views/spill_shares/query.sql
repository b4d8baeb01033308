SELECT since, until, endpoints, ejected, expected_share, requests, observed_share FROM spill_shares
