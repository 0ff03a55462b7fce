-- one row per incident that is new and has one record: its first version
INSERT INTO incident_version
SELECT i.incident_id, 1, i.known_at, NULL, i.known_basis, i.retracted, i.load_id, i.hash, i.region_id, i.district_id, i.source,
       {{names i}}, i.layout, i.kept, i.region_basis
FROM incoming AS i
ANTI JOIN (FROM verdict WHERE existing OR records > 1 OR retractable) AS s ON s.incident_id = i.incident_id;
