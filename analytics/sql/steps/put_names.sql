-- one row per name of a region loaded, in place of all before
DELETE FROM region_name;
INSERT INTO region_name
SELECT DISTINCT n.region_id, trim(n.name), place_key(n.name), n.load_id
FROM (
    SELECT f.load_id, f.row ->> 'region_id' AS region_id,
           unnest(list_prepend(f.row ->> 'name', string_split(f.row ->> 'variants', '|'))) AS name
    FROM in_force AS f WHERE f.kind = 'regions'
) AS n
WHERE trim(n.name) <> '';
