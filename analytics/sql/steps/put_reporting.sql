-- one row per statement of coverage: of the coverage files, and of each load for the countries of its records
DELETE FROM reporting;
INSERT INTO reporting
SELECT f.row ->> 'source', f.row ->> 'region_id', CAST(f.row ->> 'covers_from' AS DATE), CAST(f.row ->> 'covers_until' AS DATE),
       lower(f.row ->> 'reported') <> 'false', NULL, 'file', nullif(f.row ->> 'note', ''), f.load_id
FROM in_force AS f WHERE f.kind = 'coverage'
UNION ALL
(SELECT DISTINCT l.source, a.ancestor_id, l.covers_from, l.covers_until, true, l.known_at, l.covers_basis, NULL, l.load_id
FROM load AS l
JOIN load_place AS r ON r.load_id = l.load_id
JOIN place AS p ON p.country IS NOT DISTINCT FROM r.country AND p.admin1 IS NOT DISTINCT FROM r.admin1
    AND p.admin2 IS NOT DISTINCT FROM r.admin2
JOIN lineage AS a ON a.region_id = p.region_id AND a.ancestor_level = 'country'
WHERE l.undone_at IS NULL AND l.covers_from IS NOT NULL
UNION                    -- countries that coordinates alone lead to
SELECT l.source, a.ancestor_id, l.covers_from, l.covers_until, true, l.known_at, l.covers_basis, NULL, l.load_id
FROM load AS l
JOIN (
    SELECT DISTINCT v.load_id, v.region_id FROM incident_version AS v WHERE v.region_basis IN ('polygon', 'nearest')
    UNION
    SELECT DISTINCT s.load_id, v.region_id FROM sighting AS s JOIN incident_version AS v ON v.incident_id = s.incident_id AND v.hash = s.hash
    WHERE v.region_basis IN ('polygon', 'nearest')
) AS o ON o.load_id = l.load_id
JOIN lineage AS a ON a.region_id = o.region_id AND a.ancestor_level = 'country'
WHERE l.undone_at IS NULL AND l.covers_from IS NOT NULL);
