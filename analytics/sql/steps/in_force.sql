-- one row per reference row that no newer load replaces
CREATE OR REPLACE TEMP TABLE in_force AS
SELECT r.load_id, r.kind, r.row FROM reference_row AS r
QUALIFY r.load_id = max(r.load_id) OVER (PARTITION BY r.kind, r.key);
