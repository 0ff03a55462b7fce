-- title: This stretch and the same one a year before
-- description: Incidents and deaths by region in a stretch of days and in the one 52 weeks earlier.
-- param: from date = 2021-10-11 | first day
-- param: to date = 2021-12-05 | last day
-- chart: bar x=region y=incidents,a_year_before
SELECT coalesce(r.name, '(unplaced)') AS region,
       count_if(i.occurred_on >= $from) AS incidents, count_if(i.occurred_on < $from) AS a_year_before,
       incidents - a_year_before AS change,
       coalesce(sum(i.killed) FILTER (i.occurred_on >= $from), 0) AS killed,
       coalesce(sum(i.killed) FILTER (i.occurred_on < $from), 0) AS killed_a_year_before
FROM incidents AS i
LEFT JOIN lineage AS l ON l.region_id = i.region_id AND l.ancestor_level = 'admin1'
LEFT JOIN regions AS r ON r.region_id = l.ancestor_id
WHERE i.occurred_on BETWEEN $from AND $to OR i.occurred_on BETWEEN $from - 364 AND $to - 364
GROUP BY region
ORDER BY incidents DESC, region;
