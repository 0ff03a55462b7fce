-- one row per region loaded, in place of all before; regions derived from reported names follow
DELETE FROM region;
INSERT INTO region
SELECT f.row ->> 'region_id', nullif(f.row ->> 'parent_id', ''), f.row ->> 'level', f.row ->> 'name',
       CAST(nullif(f.row ->> 'valid_from', '') AS DATE), CAST(nullif(f.row ->> 'valid_until', '') AS DATE),
       nullif(f.row ->> 'source', ''), f.load_id
FROM in_force AS f WHERE f.kind = 'regions';
