-- title: How often each region was flagged
-- description: Recorded flags by region and level, with the first and the latest.
SELECT region, level, count(*) AS flags, min(week) AS first_week, max(week) AS last_week, max(observed) AS most_observed,
       sum(excess) AS excess
FROM flags
GROUP BY region_id, region, level
ORDER BY flags DESC, region, level;
