-- one row per good record of a source of which nothing is known: its first version; the records are read from the file as they are put
INSERT INTO incident_version
SELECT s.incident_id, 1, s.known_at, NULL, s.known_basis, false, s.load_id, s.hash, p.region_id, p.district_id, s.source,
       {{names s}}, s.layout, s.kept, CASE WHEN p.region_id IS NOT NULL THEN 'reported' END
FROM ({{records}}) AS s
LEFT JOIN place AS p ON p.country IS NOT DISTINCT FROM s.country AND p.admin1 IS NOT DISTINCT FROM s.admin1
    AND p.admin2 IS NOT DISTINCT FROM s.admin2
    AND coalesce(s.occurred_on >= p.valid_from, true) AND coalesce(s.occurred_on <= p.valid_until, true)
WHERE s.problem IS NULL
