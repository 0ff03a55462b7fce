-- one row per known version with coordinates whose names leave room for a finer region
CREATE OR REPLACE TEMP TABLE spot AS
SELECT v.rowid AS id, p.region_id, p.district_id, t.inside, t.near, v.place_precision, e.era_from
FROM incident_version AS v
JOIN point AS t ON t.longitude = v.longitude AND t.latitude = v.latitude
JOIN era AS e ON v.occurred_on >= e.era_from AND coalesce(v.occurred_on <= e.era_until, true)
JOIN place AS p ON p.country IS NOT DISTINCT FROM v.country AND p.admin1 IS NOT DISTINCT FROM v.admin1
    AND p.admin2 IS NOT DISTINCT FROM v.admin2
    AND coalesce(v.occurred_on >= p.valid_from, true) AND coalesce(v.occurred_on <= p.valid_until, true)
LEFT JOIN region AS r ON r.region_id = p.region_id
WHERE p.district_id IS NULL AND coalesce(level_rank(r.level), 0) < (
    SELECT max(level_rank(f.level)) FROM boundary AS b JOIN region AS f ON f.region_id = b.region_id);
