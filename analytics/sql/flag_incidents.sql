-- one row per flag and incident of its region or group and its week
CREATE OR REPLACE VIEW flag_incidents AS
SELECT DISTINCT f.run_id, f.week, f.region_id AS flag_region_id, f.measure, f.level, i.*
FROM flags AS f
JOIN reach AS u ON u.unit_id = f.region_id
JOIN incidents AS i ON i.occurred_on BETWEEN f.week AND f.week + 6
    AND u.region_id = CASE WHEN u.level IN ('country', 'admin1') THEN i.region_id ELSE coalesce(i.district_id, i.region_id) END
WHERE coalesce(u.valid_from <= i.occurred_on, true) AND coalesce(u.valid_until >= i.occurred_on, true);
