-- title: Deaths per incident
-- description: Deaths per incident by region and year, where a region had enough incidents to say.
-- param: incidents integer = 10 | fewest incidents of a region-year
-- chart: line x=year y=killed_per_incident by=region
SELECT r.name AS region, year(i.occurred_on) AS year, count(*) AS incidents, sum(i.killed) AS killed,
       round(sum(i.killed) / count(i.killed), 2)::DOUBLE AS killed_per_incident
FROM incidents AS i
JOIN lineage AS l ON l.region_id = i.region_id AND l.ancestor_level = 'admin1'
JOIN regions AS r ON r.region_id = l.ancestor_id
WHERE i.killed IS NOT NULL
GROUP BY ALL
HAVING count(*) >= $incidents
ORDER BY region, year;
