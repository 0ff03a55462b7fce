-- title: Who attacks whom
-- description: Pairs of actors, with incidents, deaths and the days between which they met.
-- param: incidents integer = 2 | fewest incidents of a pair
-- chart: bar x=actor1,actor2 y=incidents
SELECT actor1, actor2, count(*) AS incidents, sum(killed) AS killed, min(occurred_on) AS first_on, max(occurred_on) AS last_on
FROM incidents
WHERE actor1 IS NOT NULL OR actor2 IS NOT NULL
GROUP BY ALL
HAVING count(*) >= $incidents
ORDER BY incidents DESC, actor1, actor2;
