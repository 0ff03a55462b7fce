-- one row per region or group and each region that it is made of, with the time it is
CREATE OR REPLACE VIEW reach AS
SELECT l.ancestor_id AS unit_id, l.ancestor_level AS level, l.region_id, r.valid_from, r.valid_until
FROM lineage AS l JOIN region AS r ON r.region_id = l.ancestor_id
UNION ALL
SELECT DISTINCT m.group_id, 'group', l.region_id, m.valid_from, m.valid_until
FROM region_member AS m JOIN lineage AS l ON l.ancestor_id = m.region_id;
