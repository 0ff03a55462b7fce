-- title: Places that no region was found for
-- description: Reported places without a region, or with a coarser one, and how many incidents and deaths that concerns.
-- chart: bar x=place,problem y=incidents
SELECT u.problem, concat_ws(', ', u.admin2, u.admin1, u.country) AS place, u.region_id, u.incidents
FROM unresolved AS u
ORDER BY u.incidents DESC, place;
