-- one row per recorded run
CREATE OR REPLACE VIEW runs AS SELECT * FROM run ORDER BY "to", as_of, run_id;
