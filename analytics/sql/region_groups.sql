-- one row per member of a region group and the time it belongs to it
CREATE OR REPLACE VIEW region_groups AS
SELECT m.group_id, m."group", m.region_id, r.name AS region, m.valid_from, m.valid_until, m.source, m.load_id
FROM region_member AS m LEFT JOIN region AS r ON r.region_id = m.region_id
ORDER BY m.group_id, m.region_id, m.valid_from;
