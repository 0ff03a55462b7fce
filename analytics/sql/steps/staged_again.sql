-- one row per record that an earlier load of the same file brought or confirmed, as read anew, now known at another time
CREATE OR REPLACE TEMP TABLE staged AS
WITH seen AS (
    SELECT v.incident_id, v.hash, v.raw, v.source, v.source_id, {{names v}} FROM incident_version AS v
    WHERE v.load_id = $earlier AND NOT v.retracted
    UNION ALL
    SELECT v.incident_id, v.hash, coalesce(nullif(s.raw, ''), CASE WHEN s.raw IS NULL THEN v.raw END), v.source, v.source_id, {{names v}}
    FROM sighting AS s JOIN incident_version AS v ON v.incident_id = s.incident_id AND v.hash = s.hash
        AND v.known_from <= s.known_at AND (v.known_to IS NULL OR v.known_to > s.known_at)
    WHERE s.load_id = $earlier AND NOT s.retracted
)
SELECT n.*, CAST($known_at AS TIMESTAMP) AS known_at, CAST($basis AS VARCHAR) AS known_basis, CAST($load_id AS INTEGER) AS load_id, NULL AS problem
FROM seen AS n;
