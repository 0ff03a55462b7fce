-- versions of disputed incidents, about to be written anew
DELETE FROM incident_version WHERE incident_id IN (SELECT incident_id FROM disputed);
