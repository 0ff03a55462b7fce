-- one row per record of a file, with what is wrong in it; of those that confirm what is known, only what their sightings need
CREATE OR REPLACE TEMP TABLE staged AS
WITH judged AS (
    SELECT r.*, v.incident_id IS NOT NULL AS confirms,
           v.incident_id IS NOT NULL AND row(r.layout, r.kept) IS NOT DISTINCT FROM row(v.layout, v.kept) AS same
    FROM ({{records}}) AS r
    LEFT JOIN (
        SELECT incident_id, hash, layout, kept FROM incident_version
        WHERE known_from <= CAST($known_at AS TIMESTAMP) AND (known_to IS NULL OR known_to > CAST($known_at AS TIMESTAMP)) AND NOT retracted
    ) AS v ON v.incident_id = r.incident_id AND v.hash = r.hash
)
SELECT n.incident_id, n.source, {{apart n}}, n.hash,
       CASE WHEN NOT n.confirms THEN n.layout WHEN NOT n.same THEN coalesce(n.layout, -1) END AS layout, CASE WHEN NOT n.same THEN n.kept END AS kept,
       n.confirms, n.known_at, n.known_basis, n.load_id, n.problem
FROM judged AS n
