-- Which number stands for each source in hop_id?
-- internal
-- needs: source_files
-- columns:
--   source: The file, as given.
--   source_number: Its number, from 1, in the order of the names.
CREATE TABLE source_numbers AS
SELECT source, row_number() OVER (ORDER BY source) AS source_number
FROM (SELECT DISTINCT source FROM source_files);
