-- one row per version of an incident, oldest first
CREATE OR REPLACE VIEW versions AS
SELECT v.* EXCLUDE (hash, layout, kept), raw_of(v.layout, v.kept, v.source_id, {{names v}}) AS raw
FROM incident_version AS v ORDER BY v.incident_id, v.version;
