-- one row per boundary loaded, in place of all before
DELETE FROM boundary;
INSERT INTO boundary
SELECT f.row ->> 'region_id', f.row ->> 'geometry', f.load_id, coalesce(CAST(f.row ->> 'nearest_km' AS DOUBLE), 10) FROM in_force AS f WHERE f.kind = 'boundaries';
