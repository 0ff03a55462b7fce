-- one row per incident whose history this load changes
CREATE OR REPLACE TEMP TABLE disputed AS
SELECT s.incident_id FROM verdict AS s
WHERE s.retractable OR CASE WHEN s.existing THEN NOT s.confirmed ELSE s.records > 1 END
UNION SELECT incident_id FROM lacking;
