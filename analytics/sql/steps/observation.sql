-- one row per time a disputed incident was seen in some state, by any load but the one undone
CREATE OR REPLACE TEMP TABLE observation AS
FROM (
    SELECT incident_id, known_from AS known_at, known_basis, retracted, load_id, hash FROM incident_version SEMI JOIN disputed USING (incident_id)
    UNION ALL
    SELECT incident_id, known_at, known_basis, retracted, load_id, hash FROM sighting SEMI JOIN disputed USING (incident_id)
    UNION ALL
    SELECT incident_id, known_at, known_basis, retracted, load_id, hash FROM incoming SEMI JOIN disputed USING (incident_id)
) AS o
WHERE o.load_id IS DISTINCT FROM $undone;
