-- one row per recorded run, in the order of what it looked at (turn), whenever it was recorded
CREATE OR REPLACE VIEW runs AS
SELECT *, row_number() OVER (ORDER BY "to", as_of NULLS LAST, run_id) AS turn
FROM run ORDER BY turn;
