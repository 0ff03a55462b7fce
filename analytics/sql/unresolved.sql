-- one row per reported place that no region was found for, or only a coarser one, with its incidents
CREATE OR REPLACE VIEW unresolved AS
SELECT p.country, p.admin1, p.admin2, p.region_id, p.problem, count(*) AS incidents
FROM place AS p JOIN incidents AS i
  ON i.country IS NOT DISTINCT FROM p.country AND i.admin1 IS NOT DISTINCT FROM p.admin1
 AND i.admin2 IS NOT DISTINCT FROM p.admin2
 AND coalesce(i.occurred_on >= p.valid_from, true) AND coalesce(i.occurred_on <= p.valid_until, true)
WHERE p.problem IS NOT NULL AND coalesce(i.region_basis = 'reported', true)
GROUP BY ALL ORDER BY incidents DESC, p.country, p.admin1, p.admin2;
