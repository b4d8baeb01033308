SELECT * FROM errors_by('endpoint')
