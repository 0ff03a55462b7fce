-- title: Weekly totals as known then and as known now
-- description: What each week's figure was at a moment, what it is now, and the difference that later records made.
-- param: as_of timestamp = 2021-12-12 | the moment
-- param: level text = country | country, admin1, admin2 or a region group
-- param: measure text = incidents | incidents, killed, wounded, ...
-- param: weeks integer = 13 | weeks before the moment
-- chart: line x=week y=then,now by=region
WITH before AS (
    FROM weekly_as_of($as_of, $level, $measure, "first" := $as_of - to_weeks(CAST($weeks AS INTEGER)), "last" := $as_of)
), after AS (
    FROM weekly($level, $measure, "first" := $as_of - to_weeks(CAST($weeks AS INTEGER)), "last" := $as_of)
)
SELECT a.week, a.region, b.value AS "then", a.value AS now, a.value - b.value AS difference
FROM after AS a LEFT JOIN before AS b ON b.week = a.week AND b.region_id = a.region_id
ORDER BY a.week, a.region;
