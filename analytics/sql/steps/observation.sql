-- one row per time a disputed incident was seen in some state, or taken back, by any load but the one undone
CREATE OR REPLACE TEMP TABLE observation AS
WITH seen AS (
    SELECT incident_id, known_from AS known_at, known_basis, load_id, hash, layout, kept
    FROM incident_version SEMI JOIN disputed USING (incident_id) WHERE NOT retracted
    UNION ALL
    SELECT s.incident_id, s.known_at, s.known_basis, s.load_id, s.hash, nullif(coalesce(s.layout, v.layout), -1), coalesce(s.kept, v.kept)
    FROM (FROM sighting SEMI JOIN disputed USING (incident_id)) AS s
    LEFT JOIN incident_version AS v ON s.layout IS NULL AND v.incident_id = s.incident_id AND v.hash = s.hash
        AND v.known_from <= s.known_at AND (v.known_to IS NULL OR v.known_to > s.known_at)
    UNION ALL
    SELECT incident_id, known_at, known_basis, load_id, hash, layout, kept FROM incoming SEMI JOIN disputed USING (incident_id)
)
SELECT o.*, false AS retracted, CAST(NULL AS INTEGER) AS release_id FROM seen AS o WHERE o.load_id IS DISTINCT FROM $undone
UNION ALL               -- named as taken back
SELECT r.incident_id, r.known_at, r.known_basis, r.load_id, NULL, NULL, NULL, true, NULL
FROM retraction AS r SEMI JOIN disputed USING (incident_id) WHERE r.load_id IS DISTINCT FROM $undone
UNION ALL               -- missing from a full release of its source
SELECT s.incident_id, r.known_at, r.known_basis, r.load_id, NULL, NULL, NULL, true, r.load_id
FROM (SELECT DISTINCT incident_id, source FROM state) AS s JOIN full_release AS r ON r.source = s.source
WHERE NOT EXISTS (FROM seen AS o WHERE o.incident_id = s.incident_id AND o.load_id = r.load_id);
