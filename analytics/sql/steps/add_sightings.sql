-- one row per record that confirms what was known already; the record is kept where it differs
INSERT INTO sighting
SELECT i.incident_id, i.known_at, i.known_basis, i.retracted, i.load_id, i.hash,
       CASE WHEN row(i.layout, i.kept) IS DISTINCT FROM row(v.layout, v.kept) THEN coalesce(i.layout, -1) END,
       CASE WHEN row(i.layout, i.kept) IS DISTINCT FROM row(v.layout, v.kept) THEN i.kept END
FROM incoming AS i
JOIN verdict AS s ON s.incident_id = i.incident_id
LEFT JOIN incident_version AS v ON v.incident_id = i.incident_id AND v.hash = i.hash
    AND v.known_from <= i.known_at AND (v.known_to IS NULL OR v.known_to > i.known_at)
WHERE s.existing AND s.confirmed AND NOT s.retractable;
