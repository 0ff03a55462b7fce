-- one row per observation that confirmed the state of a disputed incident; the record is kept where it differs
INSERT INTO sighting
SELECT h.incident_id, h.known_at, h.known_basis, h.retracted, h.load_id, h.hash,
       CASE WHEN row(h.layout, h.kept) IS DISTINCT FROM row(v.layout, v.kept) THEN coalesce(h.layout, -1) END,
       CASE WHEN row(h.layout, h.kept) IS DISTINCT FROM row(v.layout, v.kept) THEN h.kept END
FROM history AS h
LEFT JOIN incident_version AS v ON v.incident_id = h.incident_id AND v.hash = h.hash
    AND v.known_from <= h.known_at AND (v.known_to IS NULL OR v.known_to > h.known_at)
WHERE NOT h.changes AND NOT h.retracted;
