-- one row per located point, with the regions that hold it and those near it
INSERT INTO point
SELECT p.longitude, p.latitude,
       coalesce(list(p.region_id ORDER BY p.turn) FILTER (p.km < 0), []),
       coalesce(list(p.region_id ORDER BY p.km, p.turn) FILTER (p.km >= 0), [])
FROM pair AS p GROUP BY p.longitude, p.latitude;
