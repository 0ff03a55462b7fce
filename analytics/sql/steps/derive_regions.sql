-- one row per place name of a country without a loaded hierarchy: its reported names become its regions
INSERT INTO region
WITH country AS (
    SELECT place_key(p.country) AS key, min(p.country) AS name FROM load_place AS p
    WHERE p.country IS NOT NULL AND place_key(p.country) <> ''
    GROUP BY ALL
    HAVING NOT EXISTS (
        FROM region AS r JOIN region_name AS n ON n.region_id = r.region_id
        WHERE r.level = 'country' AND r.load_id <> 0 AND n.place_key = place_key(any_value(p.country)))
), name AS (
    SELECT place_key(c.name) AS ck, c.name, NULL AS k1, NULL AS n1, NULL AS k2, NULL AS n2 FROM country AS c
    UNION ALL
    SELECT c.key, NULL, place_key(p.admin1), min(p.admin1), NULL, NULL
    FROM load_place AS p JOIN country AS c ON c.key = place_key(p.country)
    WHERE place_key(p.admin1) <> '' GROUP BY c.key, place_key(p.admin1)
    UNION ALL
    SELECT c.key, NULL, place_key(p.admin1), NULL, place_key(p.admin2), min(p.admin2)
    FROM load_place AS p JOIN country AS c ON c.key = place_key(p.country)
    WHERE place_key(p.admin1) <> '' AND place_key(p.admin2) <> '' GROUP BY c.key, place_key(p.admin1), place_key(p.admin2)
), made AS (
    SELECT concat_ws('/', replace(ck, ' ', '-'), replace(k1, ' ', '-'), replace(k2, ' ', '-')) AS region_id,
           CASE WHEN k2 IS NOT NULL THEN replace(ck, ' ', '-') || '/' || replace(k1, ' ', '-')
                WHEN k1 IS NOT NULL THEN replace(ck, ' ', '-') END AS parent_id,
           CASE WHEN k2 IS NOT NULL THEN 'admin2' WHEN k1 IS NOT NULL THEN 'admin1' ELSE 'country' END AS level,
           trim(regexp_replace(coalesce(n2, n1, name), '\s+', ' ', 'g')) AS name
    FROM name
)
SELECT m.region_id, m.parent_id, m.level, m.name, NULL, NULL, 'as reported', 0
FROM made AS m WHERE NOT EXISTS (FROM region AS r WHERE r.region_id = m.region_id);
