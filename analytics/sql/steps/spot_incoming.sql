-- one row per staged record with coordinates whose names leave room for a finer region
CREATE OR REPLACE TEMP TABLE spot AS
SELECT s.rowid AS id, p.region_id, p.district_id, t.inside, t.near, s.place_precision, e.era_from
FROM staged AS s
JOIN point AS t ON t.longitude = s.longitude AND t.latitude = s.latitude
JOIN era AS e ON s.occurred_on >= e.era_from AND coalesce(s.occurred_on <= e.era_until, true)
JOIN place AS p ON p.country IS NOT DISTINCT FROM s.country AND p.admin1 IS NOT DISTINCT FROM s.admin1
    AND p.admin2 IS NOT DISTINCT FROM s.admin2
    AND coalesce(s.occurred_on >= p.valid_from, true) AND coalesce(s.occurred_on <= p.valid_until, true)
LEFT JOIN region AS r ON r.region_id = p.region_id
WHERE s.problem IS NULL AND NOT s.confirms AND p.district_id IS NULL AND coalesce(level_rank(r.level), 0) < (
    SELECT max(level_rank(f.level)) FROM boundary AS b JOIN region AS f ON f.region_id = b.region_id);
