-- one row per time a disputed incident was seen in some state, by any load but the one undone
CREATE OR REPLACE TEMP TABLE observation AS
FROM (
    SELECT incident_id, known_from AS known_at, known_basis, retracted, load_id, hash, raw
    FROM incident_version SEMI JOIN disputed USING (incident_id)
    UNION ALL
    SELECT s.incident_id, s.known_at, s.known_basis, s.retracted, s.load_id, s.hash, coalesce(nullif(s.raw, ''), v.raw)
    FROM (FROM sighting SEMI JOIN disputed USING (incident_id)) AS s
    LEFT JOIN incident_version AS v ON s.raw IS NULL AND v.incident_id = s.incident_id AND v.hash = s.hash
        AND v.known_from <= s.known_at AND (v.known_to IS NULL OR v.known_to > s.known_at)
    UNION ALL
    SELECT incident_id, known_at, known_basis, retracted, load_id, hash, raw FROM incoming SEMI JOIN disputed USING (incident_id)
) AS o
WHERE o.load_id IS DISTINCT FROM $undone;
