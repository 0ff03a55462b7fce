-- one row per load that holds all records of its source, and that is not undone: what a record it lacks was taken back by
CREATE OR REPLACE TEMP TABLE full_release AS
WITH seen AS (
    SELECT load_id, known_from AS known_at, known_basis, source FROM incident_version WHERE NOT retracted
    UNION ALL
    SELECT s.load_id, s.known_at, s.known_basis, l.source FROM sighting AS s JOIN load AS l ON l.load_id = s.load_id WHERE NOT s.retracted
    UNION ALL
    SELECT load_id, known_at, known_basis, source FROM incoming
), release AS (
    SELECT load_id, source, covers_from, covers_until FROM load
    WHERE kind = 'incidents' AND undone_at IS NULL AND settings ->> 'full_release' = 'true' AND load_id IS DISTINCT FROM $undone
    UNION ALL
    SELECT CAST($load_id AS INTEGER), CAST($source AS VARCHAR), CAST($covers_from AS DATE), CAST($covers_until AS DATE) WHERE $full_release
)
SELECT r.load_id, r.source, r.covers_from, r.covers_until, max(s.known_at) AS known_at, max_by(s.known_basis, s.known_at) AS known_basis,
       (SELECT list(DISTINCT coalesce(p.country, '')) FROM load_place AS p WHERE p.load_id = r.load_id) AS countries
FROM release AS r JOIN seen AS s ON s.load_id = r.load_id
GROUP BY r.load_id, r.source, r.covers_from, r.covers_until;
