-- one row per incident: how many days after it happened its first record became known
CREATE OR REPLACE VIEW reporting_delay AS
SELECT v.incident_id, v.source, v.region_id, v.occurred_on, v.known_from, v.known_basis,
       CAST(v.known_from AS DATE) - v.occurred_on AS days
FROM incident_version AS v WHERE v.version = 1
ORDER BY v.incident_id;
