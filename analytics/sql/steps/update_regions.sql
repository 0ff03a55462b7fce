-- each incident version takes the region of its reported place
UPDATE incident_version SET region_id = p.region_id, district_id = p.district_id
FROM moved AS p
WHERE incident_version.country IS NOT DISTINCT FROM p.country
  AND incident_version.admin1 IS NOT DISTINCT FROM p.admin1
  AND incident_version.admin2 IS NOT DISTINCT FROM p.admin2;
