-- each incident version takes the region that its reported place and its coordinates lead to on its day
UPDATE incident_version SET region_id = p.region_id, district_id = p.district_id, region_basis = p.region_basis
FROM (
    SELECT v.rowid AS id, coalesce(t.region_id, p.region_id) AS region_id, coalesce(p.district_id, t.district_id) AS district_id,
           coalesce(t.region_basis, CASE WHEN p.region_id IS NOT NULL THEN 'reported' END) AS region_basis
    FROM incident_version AS v
    JOIN moved AS m ON m.country IS NOT DISTINCT FROM v.country AND m.admin1 IS NOT DISTINCT FROM v.admin1
        AND m.admin2 IS NOT DISTINCT FROM v.admin2
    LEFT JOIN place AS p ON p.country IS NOT DISTINCT FROM v.country AND p.admin1 IS NOT DISTINCT FROM v.admin1
        AND p.admin2 IS NOT DISTINCT FROM v.admin2
        AND coalesce(v.occurred_on >= p.valid_from, true) AND coalesce(v.occurred_on <= p.valid_until, true)
    LEFT JOIN spotted AS t ON t.id = v.rowid
) AS p
WHERE incident_version.rowid = p.id
  AND row(incident_version.region_id, incident_version.district_id, incident_version.region_basis)
      IS DISTINCT FROM row(p.region_id, p.district_id, p.region_basis);
