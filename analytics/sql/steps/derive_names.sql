-- one row per derived region: the name it was derived from
INSERT INTO region_name
SELECT r.region_id, r.name, place_key(r.name), r.load_id
FROM region AS r
WHERE r.load_id = 0 AND NOT EXISTS (FROM region_name AS n WHERE n.region_id = r.region_id);
