-- one row per incident that reports one region and has its coordinates in the boundary of another; the reported one counts
CREATE OR REPLACE VIEW place_conflicts AS
WITH told AS (           -- boundaries that hold the coordinates, where the place is known as well as their level
    SELECT i.incident_id, i.source, i.occurred_on, i.location, i.place_precision, i.longitude, i.latitude, i.region_id, p.inside,
           unnest(p.inside) AS polygon_id
    FROM incidents AS i JOIN point AS p ON p.longitude = i.longitude AND p.latitude = i.latitude
    WHERE i.region_basis = 'reported'
), other AS (
    SELECT t.*, level_rank(f.level) AS rank, l.ancestor_id AS reported_id, f.level, f.name AS polygon
    FROM told AS t
    JOIN region AS f ON f.region_id = t.polygon_id
    JOIN lineage AS l ON l.region_id = t.region_id AND l.ancestor_level = f.level
    WHERE coalesce(f.valid_from <= t.occurred_on, true) AND coalesce(f.valid_until >= t.occurred_on, true)
      AND level_rank(f.level) <= coalesce(level_rank(t.place_precision), 3)
      AND NOT list_contains(t.inside, l.ancestor_id)
      AND EXISTS (FROM boundary AS b WHERE b.region_id = l.ancestor_id)
    QUALIFY row_number() OVER (PARTITION BY t.incident_id ORDER BY rank, list_position(t.inside, t.polygon_id)) = 1
)
SELECT o.incident_id, o.source, o.occurred_on, o.location, o.longitude, o.latitude, o.level, o.reported_id AS region_id, r.name AS region,
       o.polygon_id, o.polygon
FROM other AS o JOIN region AS r ON r.region_id = o.reported_id
ORDER BY o.incident_id;
