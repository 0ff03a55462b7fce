-- one row per version of an incident, oldest first
CREATE OR REPLACE VIEW versions AS
SELECT * EXCLUDE (hash) FROM incident_version ORDER BY incident_id, version;
