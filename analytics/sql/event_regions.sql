-- one row per dated event and region or group that shares ground with the event's own regions, as they were on its day
CREATE OR REPLACE VIEW event_regions AS
WITH part AS (
    SELECT ancestor_id AS region_id, region_id AS part_id, CAST(NULL AS DATE) AS valid_from, CAST(NULL AS DATE) AS valid_until
    FROM lineage
    UNION ALL
    SELECT m.group_id, l.region_id, m.valid_from, m.valid_until
    FROM region_member AS m JOIN lineage AS l ON l.ancestor_id = m.region_id
), concerned AS (
    SELECT event_id, starts_on, unnest(regions) AS region_id FROM dated_event
)
SELECT DISTINCT c.event_id, own.region_id
FROM concerned AS c
JOIN part AS its ON its.region_id = c.region_id
JOIN part AS own ON own.part_id = its.part_id
WHERE c.starts_on BETWEEN coalesce(its.valid_from, c.starts_on) AND coalesce(its.valid_until, c.starts_on)
  AND c.starts_on BETWEEN coalesce(own.valid_from, c.starts_on) AND coalesce(own.valid_until, c.starts_on)
ORDER BY c.event_id, own.region_id;
