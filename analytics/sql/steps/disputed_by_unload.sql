-- one row per incident whose history the load that is undone took part in
CREATE OR REPLACE TEMP TABLE disputed AS
SELECT incident_id FROM incident_version WHERE load_id = $load_id
UNION SELECT incident_id FROM sighting WHERE load_id = $load_id
UNION SELECT incident_id FROM retraction WHERE load_id = $load_id;
