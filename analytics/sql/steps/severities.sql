-- one row per incident with casualties and each region of a level or group that it counts in: its week, source and figure
WITH picked AS (
    SELECT * FROM incidents_as_of(coalesce(CAST($as_of AS TIMESTAMP), TIMESTAMP 'infinity')) WHERE ({{where}})
)
SELECT week_of(p.occurred_on, $week_start) AS week, u.unit_id AS region_id, p.source, CAST(p.{{figure}} AS DOUBLE) AS figure
FROM picked AS p
JOIN reach AS u ON (u.level = $level OR u.unit_id = $level)
    AND u.region_id = CASE WHEN $level IN ('country', 'admin1') THEN p.region_id ELSE coalesce(p.district_id, p.region_id) END
    AND coalesce(u.valid_from <= p.occurred_on, true) AND coalesce(u.valid_until >= p.occurred_on, true)
WHERE p.{{figure}} > 0 AND p.occurred_on BETWEEN CAST($first AS DATE) AND CAST($last AS DATE)
  AND ($source IS NULL OR list_contains(string_split($source, ','), p.source))
  AND NOT coalesce(p.date_precision IN ('month', 'year'), false)
ORDER BY week, region_id, p.source, figure;
