-- title: Who was killed
-- description: Deaths by year among civilians, security forces and attackers; a record may give a total only.
-- param: region text = % | name of a first-level region as reported, with % for any letters
-- chart: line x=year y=civilians,security,attackers
SELECT year(occurred_on) AS year, count(*) AS incidents, sum(killed) AS killed, sum(killed_civilians) AS civilians,
       sum(killed_security) AS security, sum(killed_attackers) AS attackers, sum(wounded) AS wounded,
       count_if(killed > 0 AND killed_civilians IS NULL AND killed_security IS NULL AND killed_attackers IS NULL) AS total_only
FROM incidents
WHERE coalesce(admin1, '') ILIKE $region
GROUP BY ALL
ORDER BY year;
