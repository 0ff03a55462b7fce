-- one row per accepted record, with its incident, its knowledge time and its region
CREATE OR REPLACE TEMP TABLE incoming AS
SELECT s.incident_id, s.known_at, s.known_basis, false AS retracted, CAST($load_id AS INTEGER) AS load_id, s.hash,
       p.region_id, p.district_id, s.source, s.source_id, {{names s}}, s.raw
FROM staged AS s
LEFT JOIN place AS p ON p.country IS NOT DISTINCT FROM s.country AND p.admin1 IS NOT DISTINCT FROM s.admin1
    AND p.admin2 IS NOT DISTINCT FROM s.admin2
WHERE s.problem IS NULL;
