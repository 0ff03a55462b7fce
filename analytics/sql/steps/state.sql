-- one row per state a disputed incident was ever in
CREATE OR REPLACE TEMP TABLE state AS
SELECT DISTINCT ON (incident_id, hash) incident_id, hash, region_id, district_id, region_basis, source, {{bare}}
FROM (
    SELECT incident_id, hash, region_id, district_id, region_basis, source, {{bare}} FROM incident_version SEMI JOIN disputed USING (incident_id)
    UNION ALL
    SELECT incident_id, hash, region_id, district_id, region_basis, source, {{bare}} FROM incoming SEMI JOIN disputed USING (incident_id)
);
