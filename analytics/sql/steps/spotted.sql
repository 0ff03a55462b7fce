-- one row per spot with a region finer than its names lead to: what its coordinates say, within what its names say
CREATE OR REPLACE TEMP TABLE spotted AS
WITH wanted AS (
    SELECT row_number() OVER () AS n, * FROM (SELECT DISTINCT region_id, inside, near, place_precision, era_from FROM spot)
), said AS (
    SELECT n, region_id AS named, place_precision, era_from, unnest(inside) AS found, generate_subscripts(inside, 1) AS turn, true AS held FROM wanted
    UNION ALL
    SELECT n, region_id, place_precision, era_from, unnest(near), generate_subscripts(near, 1), false FROM wanted
), candidate AS (        -- in force on the day, no finer than the place is known, inside the region reported
    SELECT s.n, s.found, s.turn, s.held, level_rank(r.level) AS rank
    FROM said AS s JOIN region AS r ON r.region_id = s.found
    LEFT JOIN lineage AS l ON l.region_id = s.found AND l.ancestor_id = s.named
    WHERE (s.named IS NULL OR l.region_id IS NOT NULL) AND s.found IS DISTINCT FROM s.named
      AND coalesce(r.valid_from <= s.era_from, true) AND coalesce(r.valid_until >= s.era_from, true)
      AND level_rank(r.level) <= coalesce(level_rank(s.place_precision), 3)
), holding AS (
    SELECT c.n, arg_min(c.found, row(-c.rank, c.turn)) AS region_id FROM candidate AS c WHERE c.held GROUP BY c.n
), nearby AS (           -- where no boundary of a finer level holds it, the nearest of them inside the one that does
    SELECT c.n, arg_min(c.found, row(-c.rank, c.turn)) AS region_id
    FROM candidate AS c
    LEFT JOIN holding AS h ON h.n = c.n
    LEFT JOIN lineage AS l ON l.region_id = c.found AND l.ancestor_id = h.region_id
    WHERE NOT c.held AND (h.n IS NULL OR l.region_id IS NOT NULL)
    GROUP BY c.n
)
SELECT s.id, coalesce(a.region_id, h.region_id) AS region_id, CASE WHEN a.n IS NULL THEN 'polygon' ELSE 'nearest' END AS region_basis,
       CASE WHEN r.level = 'admin2' THEN r.region_id END AS district_id
FROM spot AS s
JOIN wanted AS w ON w.region_id IS NOT DISTINCT FROM s.region_id AND w.inside = s.inside AND w.near = s.near
    AND w.place_precision IS NOT DISTINCT FROM s.place_precision AND w.era_from = s.era_from
LEFT JOIN holding AS h ON h.n = w.n
LEFT JOIN nearby AS a ON a.n = w.n
JOIN region AS r ON r.region_id = coalesce(a.region_id, h.region_id);
