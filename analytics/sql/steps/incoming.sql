-- one row per accepted record, with its incident, its knowledge time and its region
CREATE OR REPLACE TEMP VIEW incoming AS
SELECT s.incident_id, s.known_at, s.known_basis, false AS retracted, s.load_id, s.hash,
       coalesce(t.region_id, p.region_id) AS region_id, coalesce(p.district_id, t.district_id) AS district_id,
       s.source, {{names s}}, s.layout, s.kept,
       coalesce(t.region_basis, CASE WHEN p.region_id IS NOT NULL THEN 'reported' END) AS region_basis
FROM staged AS s
LEFT JOIN place AS p ON p.country IS NOT DISTINCT FROM s.country AND p.admin1 IS NOT DISTINCT FROM s.admin1
    AND p.admin2 IS NOT DISTINCT FROM s.admin2
    AND coalesce(s.occurred_on >= p.valid_from, true) AND coalesce(s.occurred_on <= p.valid_until, true)
LEFT JOIN spotted AS t ON t.id = s.rowid
WHERE s.problem IS NULL AND NOT s.confirms;
