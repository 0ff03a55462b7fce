-- one row per flag and incident of its region and week
CREATE OR REPLACE VIEW flag_incidents AS
SELECT f.run_id, f.week, f.region_id AS flag_region_id, f.measure, f.level, i.*
FROM flags AS f
JOIN run AS r ON r.run_id = f.run_id
JOIN lineage AS l ON l.ancestor_id = f.region_id
JOIN incidents AS i ON i.region_id = l.region_id AND i.occurred_on BETWEEN f.week AND f.week + 6;
