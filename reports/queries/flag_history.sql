-- title: How often each region was flagged
-- description: Recorded flags by region, measure and level, with the first and the latest, and how many are muted.
-- chart: bar x=region,measure,filter,level y=flags
SELECT region, measure, filter, level, count(*) AS flags, count(muted) AS muted, min(week) AS first_week, max(week) AS last_week,
       max(observed) AS most_observed, sum(excess) AS excess
FROM flags
GROUP BY region_id, region, measure, filter, level
ORDER BY flags DESC, region, measure, filter, level;
