-- one row per reported place that is taken for another region than before
CREATE OR REPLACE TEMP TABLE moved AS
SELECT r.id, p.country, p.admin1, p.admin2, r.region_id, r.district_id, r.problem
FROM resolved AS r JOIN place AS p ON p.rowid = r.id
WHERE r.region_id IS DISTINCT FROM p.region_id OR r.district_id IS DISTINCT FROM p.district_id
   OR r.problem IS DISTINCT FROM p.problem;
