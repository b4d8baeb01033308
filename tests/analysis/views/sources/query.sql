SELECT source, entries_read, access_log_rows, coverage, gaps FROM sources
