-- one row per place that the load reports: its records bear only what its names say yet, and their coordinates may say more
CREATE OR REPLACE TEMP TABLE moved AS
SELECT DISTINCT r.country, r.admin1, r.admin2 FROM load_place AS r WHERE r.load_id = $load_id;
