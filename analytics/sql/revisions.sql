-- one row per field that a later version of an incident changed
CREATE OR REPLACE VIEW revisions AS
WITH texts AS (
    SELECT v.incident_id, v.source, v.region_id, v.version, v.known_from AS revised_at, v.known_basis, v.load_id,
           struct_pack({{texts}}, retracted := CAST(v.retracted AS VARCHAR)) AS fields
    FROM incident_version AS v
), pairs AS (
    SELECT t.*, lag(t.fields) OVER (PARTITION BY t.incident_id ORDER BY t.version) AS before
    FROM texts AS t
    QUALIFY before IS NOT NULL
), fields AS (
    SELECT p.* EXCLUDE (fields, before), unnest({{changes}}) AS change FROM pairs AS p
)
SELECT f.incident_id, f.source, f.region_id, f.version, f.revised_at, f.known_basis,
       f.change.field AS field, f.change.old AS old, f.change.new AS new, f.load_id
FROM fields AS f
WHERE f.change.old IS DISTINCT FROM f.change.new;
