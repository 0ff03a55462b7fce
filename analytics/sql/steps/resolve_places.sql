-- one row per reported place and stretch of time, with the finest region its names lead to then and what stood in the way
CREATE OR REPLACE TEMP TABLE resolved AS
WITH named AS (
    SELECT DISTINCT e.era_from, n.place_key, r.level, r.region_id, r.parent_id
    FROM region_name AS n
    JOIN region AS r ON r.region_id = n.region_id
    JOIN era AS e ON coalesce(r.valid_from <= e.era_from, true) AND coalesce(r.valid_until >= e.era_from, true)
), told AS (
    SELECT row_number() OVER () AS id, p.*, e.era_from, e.era_until FROM (SELECT DISTINCT country, admin1, admin2 FROM load_place) AS p, era AS e
), country AS (
    SELECT p.id, any_value(p.era_from) AS era_from, any_value(p.country) AS country, any_value(p.admin1) AS admin1, any_value(p.admin2) AS admin2,
           CASE WHEN count(DISTINCT c.region_id) = 1 THEN any_value(c.region_id) END AS country_id
    FROM told AS p LEFT JOIN named AS c ON c.era_from = p.era_from AND c.level = 'country' AND c.place_key = place_key(p.country)
    GROUP BY p.id
), first_level AS (
    SELECT c.id, any_value(c.era_from) AS era_from, any_value(c.country) AS country, any_value(c.admin1) AS admin1, any_value(c.admin2) AS admin2,
           coalesce(any_value(c.country_id), CASE WHEN count(DISTINCT a.region_id) = 1 THEN any_value(a.parent_id) END) AS country_id,
           CASE WHEN count(DISTINCT a.region_id) = 1 THEN any_value(a.region_id) END AS admin1_id
    FROM country AS c
    LEFT JOIN named AS a ON a.era_from = c.era_from AND a.level = 'admin1' AND a.place_key = place_key(c.admin1)
        AND (a.parent_id = c.country_id OR c.country IS NULL)
    GROUP BY c.id
), second_level AS (
    SELECT f.id, any_value(f.country) AS country, any_value(f.admin1) AS admin1, any_value(f.admin2) AS admin2,
           any_value(f.country_id) AS country_id, any_value(f.admin1_id) AS admin1_id,
           any_value(a.region_id) FILTER (a.parent_id = f.admin1_id) AS inside_id,
           CASE WHEN count(DISTINCT a.region_id) = 1 THEN any_value(a.region_id) END AS only_id
    FROM first_level AS f
    LEFT JOIN named AS a ON a.era_from = f.era_from AND a.level = 'admin2' AND a.place_key = place_key(f.admin2) AND (f.country IS NULL OR f.country_id IS NOT NULL)
        AND EXISTS (FROM lineage AS l WHERE l.region_id = a.region_id
                    AND l.ancestor_id = coalesce(f.country_id, f.admin1_id, l.ancestor_id))
    GROUP BY f.id
), found AS (
    SELECT s.id,
    coalesce(s.inside_id, CASE WHEN s.admin1_id IS NULL THEN s.only_id END, s.admin1_id, s.country_id) AS region_id,
    coalesce(s.inside_id, s.only_id) AS district_id,
    CASE WHEN s.country IS NOT NULL AND s.country_id IS NULL THEN 'country not known'
    WHEN s.admin1 IS NOT NULL AND s.admin1_id IS NULL THEN 'admin1 not known'
    WHEN s.admin2 IS NOT NULL AND s.inside_id IS NULL AND s.admin1_id IS NOT NULL AND s.only_id IS NOT NULL
    THEN 'admin2 lies in another admin1'
    WHEN s.admin2 IS NOT NULL AND s.inside_id IS NULL AND (s.admin1_id IS NOT NULL OR s.only_id IS NULL) THEN 'admin2 not known'
    WHEN s.admin1 IS NULL AND s.admin2 IS NULL THEN 'no region reported' END AS problem
    FROM second_level AS s
), told_found AS (
    SELECT t.country, t.admin1, t.admin2, t.era_from, t.era_until, f.region_id, f.district_id, f.problem,
           row(f.region_id, f.district_id, f.problem) IS DISTINCT FROM lag(row(f.region_id, f.district_id, f.problem)) OVER stretch AS changes
    FROM told AS t JOIN found AS f ON f.id = t.id
    WINDOW stretch AS (PARTITION BY t.country, t.admin1, t.admin2 ORDER BY t.era_from)
), numbered AS (
    SELECT *, count_if(changes) OVER (PARTITION BY country, admin1, admin2 ORDER BY era_from) AS stretch FROM told_found
)
SELECT country, admin1, admin2, any_value(region_id) AS region_id, any_value(district_id) AS district_id, any_value(problem) AS problem,
       nullif(min(era_from), DATE '0001-01-01') AS valid_from, nullif(max(coalesce(era_until, DATE '9999-12-31')), DATE '9999-12-31') AS valid_until
FROM numbered GROUP BY country, admin1, admin2, stretch;
