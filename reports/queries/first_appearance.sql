-- title: First appearance of each actor
-- description: When and where each actor was first recorded, and how often since.
-- param: actor text = % | name of the actor, with % for any letters
-- chart: bar x=actor y=incidents
WITH part AS (
    SELECT actor1 AS actor, occurred_on, incident_id, admin1, killed FROM incidents
    UNION ALL
    SELECT actor2, occurred_on, incident_id, admin1, killed FROM incidents
)
SELECT actor, min(occurred_on) AS first_on, arg_min(admin1, (occurred_on, incident_id)) AS first_in,
       max(occurred_on) AS last_on, count(DISTINCT incident_id) AS incidents, sum(killed) AS killed_in_them
FROM part
WHERE actor ILIKE $actor
GROUP BY actor
ORDER BY first_on DESC, actor;
