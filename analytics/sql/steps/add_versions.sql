-- one row per observation that changed a disputed incident: its versions, in order of knowledge
INSERT INTO incident_version
SELECT h.incident_id, row_number() OVER turn, h.known_at, lead(h.known_at) OVER turn, h.known_basis, h.retracted, h.load_id, h.hash,
       s.region_id, s.district_id, s.source, {{names s}}, h.layout, h.kept, s.region_basis
FROM history AS h JOIN state AS s ON s.incident_id = h.incident_id AND s.hash = h.hash
WHERE h.changes
WINDOW turn AS (PARTITION BY h.incident_id ORDER BY h.known_at, h.load_id);
