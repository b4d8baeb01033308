SELECT check_id, status, errors, warnings, needs IS NOT NULL AS wants FROM checks
