-- one row per record that confirms what was known already
INSERT INTO sighting
SELECT i.incident_id, i.known_at, i.known_basis, i.retracted, i.load_id, i.hash
FROM incoming AS i JOIN verdict AS s ON s.incident_id = i.incident_id
WHERE s.existing AND s.confirmed;
