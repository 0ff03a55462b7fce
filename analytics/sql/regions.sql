-- one row per region, with the names it is known by
CREATE OR REPLACE VIEW regions AS
SELECT r.*, n.names,
       EXISTS (FROM boundary AS b WHERE b.region_id = r.region_id) AS has_boundary
FROM region AS r
LEFT JOIN (SELECT region_id, list(name ORDER BY name) AS names FROM region_name GROUP BY region_id) AS n
    ON n.region_id = r.region_id
ORDER BY r.region_id;
