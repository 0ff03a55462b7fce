-- one row per record that an earlier load of the same file brought or confirmed, as read anew, now known at another time
CREATE OR REPLACE TEMP TABLE staged AS
WITH seen AS (
    SELECT v.incident_id, v.hash, v.known_from, v.known_to, NULL AS own, v.layout, v.kept, v.source, {{names v}} FROM incident_version AS v
    WHERE v.load_id = $earlier AND NOT v.retracted
    UNION ALL
    SELECT v.incident_id, v.hash, v.known_from, v.known_to, s.layout, nullif(coalesce(s.layout, v.layout), -1), coalesce(s.kept, v.kept), v.source, {{names v}}
    FROM (FROM sighting WHERE load_id = $earlier AND NOT retracted) AS s
    JOIN incident_version AS v ON v.incident_id = s.incident_id AND v.hash = s.hash
        AND v.known_from <= s.known_at AND (v.known_to IS NULL OR v.known_to > s.known_at)
), judged AS (           -- what is in force at that time is confirmed
    SELECT n.*, $apart AND n.known_from <= CAST($known_at AS TIMESTAMP) AND (n.known_to IS NULL OR n.known_to > CAST($known_at AS TIMESTAMP)) AS confirms FROM seen AS n
)
SELECT n.incident_id, n.source, {{apart n}}, n.hash,
       CASE WHEN n.confirms THEN n.own ELSE n.layout END AS layout,
       CASE WHEN NOT n.confirms OR n.own IS NOT NULL THEN n.kept END AS kept,
       n.confirms, CAST($known_at AS TIMESTAMP) AS known_at, CAST($basis AS VARCHAR) AS known_basis, CAST($load_id AS INTEGER) AS load_id, NULL AS problem
FROM judged AS n;
