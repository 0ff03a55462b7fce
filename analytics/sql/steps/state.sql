-- one row per state a disputed incident was ever in
CREATE OR REPLACE TEMP TABLE state AS
SELECT DISTINCT ON (incident_id, hash) incident_id, hash, region_id, source, source_id, {{bare}}, raw
FROM (
    SELECT incident_id, hash, known_from AS seen, load_id, region_id, source, source_id, {{bare}}, raw
    FROM incident_version SEMI JOIN disputed USING (incident_id)
    UNION ALL
    SELECT incident_id, hash, known_at, load_id, region_id, source, source_id, {{bare}}, raw
    FROM incoming SEMI JOIN disputed USING (incident_id)
)
ORDER BY incident_id, hash, seen, load_id;
