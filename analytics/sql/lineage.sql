-- one row per region and each region above it (itself included)
CREATE OR REPLACE VIEW lineage AS
SELECT region_id, region_id AS ancestor_id, level AS ancestor_level FROM region
UNION ALL
SELECT r.region_id, p.region_id, p.level FROM region AS r JOIN region AS p ON p.region_id = r.parent_id
UNION ALL               -- a district's country
SELECT r.region_id, g.region_id, g.level FROM region AS r
JOIN region AS p ON p.region_id = r.parent_id JOIN region AS g ON g.region_id = p.parent_id;
