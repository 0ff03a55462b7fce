-- title: Places with several attacks in a few days
-- description: Places where at least so many incidents began within so many days, and when the densest stretch began.
-- param: attacks integer = 3 | incidents that make a cluster
-- param: days integer = 3 | days it may last
-- chart: bar x=place,began_on y=incidents
WITH placed AS (
    SELECT coalesce(admin2, location) AS place, admin1, occurred_on, incident_id, killed
    FROM incidents
    WHERE coalesce(date_precision, 'day') = 'day' AND coalesce(admin2, location) IS NOT NULL
), stretch AS (
    SELECT place, admin1, occurred_on,
           count(*) OVER ahead AS incidents, sum(killed) OVER ahead AS killed
    FROM placed
    WINDOW ahead AS (PARTITION BY admin1, place ORDER BY occurred_on
                     RANGE BETWEEN CURRENT ROW AND to_days(CAST($days - 1 AS INTEGER)) FOLLOWING)
)
SELECT place, admin1, arg_max(occurred_on, (incidents, occurred_on)) AS began_on, max(incidents) AS incidents,
       arg_max(killed, (incidents, occurred_on)) AS killed
FROM stretch
WHERE incidents >= $attacks
GROUP BY place, admin1
ORDER BY began_on DESC, place;
