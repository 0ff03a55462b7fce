-- one row per source, country and week from Monday with incidents, of the feeds in feed_statement
CREATE OR REPLACE TEMP TABLE feed_week AS
SELECT w.source, l.ancestor_id AS country, w.week, CAST(sum(w.incidents) AS BIGINT) AS incidents
FROM (
    SELECT v.source, v.region_id, CAST(date_trunc('week', v.occurred_on) AS DATE) AS week, count(*) AS incidents
    FROM incident_version AS v
    WHERE v.known_to IS NULL AND NOT v.retracted AND v.source IN (SELECT source FROM feed_statement)
    GROUP BY ALL
) AS w
JOIN lineage AS l ON l.region_id = w.region_id AND l.ancestor_level = 'country'
GROUP BY ALL;
