-- one row per incident of the load that is not confirmed yet: is it new, and do all its records confirm what is known already
CREATE OR REPLACE TEMP TABLE verdict AS
WITH i AS (
    SELECT incident_id, source, known_at, hash, load_id FROM staged WHERE problem IS NULL AND NOT confirms
), known AS (
    SELECT incident_id, hash, known_from, known_to, retracted FROM incident_version SEMI JOIN i USING (incident_id)
)
SELECT i.incident_id, count(*) AS records,
       bool_or(e.incident_id IS NOT NULL) AS existing,
       bool_and(coalesce(v.hash = i.hash AND NOT v.retracted, false)) AS confirmed,
       bool_or(t.incident_id IS NOT NULL OR EXISTS (
           FROM full_release AS r WHERE r.source = i.source AND r.load_id <> i.load_id AND r.known_at >= i.known_at)) AS retractable
FROM i
LEFT JOIN (SELECT DISTINCT incident_id FROM known) AS e ON e.incident_id = i.incident_id
LEFT JOIN (SELECT DISTINCT incident_id FROM retraction) AS t ON t.incident_id = i.incident_id
LEFT JOIN known AS v ON v.incident_id = i.incident_id
    AND v.known_from <= i.known_at AND (v.known_to IS NULL OR v.known_to > i.known_at)
GROUP BY i.incident_id;
