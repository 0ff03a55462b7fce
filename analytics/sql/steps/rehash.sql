-- the checksum of each state, as the database works it out now
CREATE OR REPLACE TEMP TABLE rehashed AS
SELECT DISTINCT v.incident_id, v.hash AS before, {{hash v}} AS hash FROM incident_version AS v;
UPDATE sighting SET hash = r.hash FROM rehashed AS r WHERE r.incident_id = sighting.incident_id AND r.before = sighting.hash;
UPDATE incident_version SET hash = r.hash FROM rehashed AS r WHERE r.incident_id = incident_version.incident_id AND r.before = incident_version.hash;
DROP TABLE rehashed;
