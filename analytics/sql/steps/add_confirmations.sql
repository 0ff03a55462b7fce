-- one row per observation that confirmed the state of a disputed incident
INSERT INTO sighting
SELECT h.incident_id, h.known_at, h.known_basis, h.retracted, h.load_id, h.hash FROM history AS h WHERE NOT h.changes;
