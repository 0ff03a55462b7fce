-- one row per staged record that was found to confirm what is known as it was read
INSERT INTO sighting
SELECT s.incident_id, s.known_at, s.known_basis, false, s.load_id, s.hash, s.layout, s.kept FROM staged AS s
WHERE s.confirms AND s.problem IS NULL;
