-- places that no load reports any more
DELETE FROM place WHERE NOT EXISTS (
    FROM load_place AS r WHERE r.country IS NOT DISTINCT FROM place.country
        AND r.admin1 IS NOT DISTINCT FROM place.admin1 AND r.admin2 IS NOT DISTINCT FROM place.admin2);
