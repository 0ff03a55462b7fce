-- one row per record of a file, with what is wrong in it
CREATE OR REPLACE TEMP TABLE staged AS
SELECT r.*, false AS confirms FROM ({{records}}) AS r
