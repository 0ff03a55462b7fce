-- title: Deadliest weeks
-- description: Weeks of a region with the most people killed; records without a region or a day are left out.
-- param: level text = admin1 | country, admin1, admin2 or a region group
-- param: weeks integer = 20 | how many
-- chart: bar x=week,region y=killed
SELECT week, region, value AS killed
FROM weekly($level, 'killed')
WHERE value > 0 AND NOT starts_with(region_id, '(')
ORDER BY killed DESC, week, region
LIMIT $weeks;
