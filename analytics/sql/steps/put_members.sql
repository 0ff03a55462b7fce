-- one row per member of a region group loaded, in place of all before
DELETE FROM region_member;
INSERT INTO region_member
SELECT f.row ->> 'group_id', f.row ->> 'group', f.row ->> 'region_id',
       CAST(nullif(f.row ->> 'valid_from', '') AS DATE), CAST(nullif(f.row ->> 'valid_until', '') AS DATE),
       nullif(f.row ->> 'source', ''), f.load_id
FROM in_force AS f WHERE f.kind = 'groups';
