-- title: How long each region has been quiet
-- description: Weeks from a region's latest incident to the end of coverage, and its longest quiet stretch before.
-- param: level text = admin1 | country, admin1, admin2 or a region group
-- chart: map x=region y=weeks_quiet
WITH known AS (
    SELECT region, week, value FROM weekly($level) WHERE status = 'known' AND region NOT LIKE '(%'
), gaps AS (
    SELECT region, week, week - lag(week) OVER (PARTITION BY region ORDER BY week) AS days FROM known WHERE value > 0
), latest AS (
    SELECT max(week) AS week FROM known
)
SELECT region, max(g.week) AS last_week_with_incidents,
       CAST((any_value(l.week) - max(g.week)) / 7 AS INTEGER) AS weeks_quiet,
       CAST(max(g.days) / 7 AS INTEGER) - 1 AS longest_quiet_before
FROM gaps AS g, latest AS l
GROUP BY region
ORDER BY weeks_quiet DESC, region;
