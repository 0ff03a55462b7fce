-- one row per statement of coverage that bears on whether a feed stopped: on a country that some source is only taken, or was given, to cover
CREATE OR REPLACE TEMP TABLE feed_statement AS
WITH said AS (
    SELECT c.source, l.ancestor_id AS country, c.covers_from, c.covers_until, c.load_id, c.reported, c.basis,
           c.region_id = l.ancestor_id AS whole, c.basis IN ('assumed', 'given') AS doubted
    FROM coverage_in_force AS c JOIN lineage AS l ON l.region_id = c.region_id AND l.ancestor_level = 'country'
)
SELECT s.source, s.country, s.covers_from, s.covers_until, s.load_id, s.doubted,
       s.reported AND s.whole AS covers,               -- the country is covered
       s.reported AND NOT s.doubted AS stated,         -- the feed is said to have worked, in the country or a part of it
       NOT s.reported AND s.whole AS silent
FROM said AS s
WHERE EXISTS (FROM said AS d WHERE d.source = s.source AND d.country = s.country AND d.doubted)
ORDER BY s.source, s.country, s.covers_from, s.covers_until, s.load_id;
