-- sightings of disputed incidents, about to be written anew
DELETE FROM sighting WHERE incident_id IN (SELECT incident_id FROM disputed);
