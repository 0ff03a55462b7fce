-- no rows: undoing a load brings no records of its own
CREATE OR REPLACE TEMP VIEW incoming AS
SELECT v.incident_id, v.known_from AS known_at, v.known_basis, v.retracted, v.load_id, v.hash,
       v.region_id, v.district_id, v.source, {{names v}}, v.layout, v.kept, v.region_basis
FROM incident_version AS v WHERE false;
