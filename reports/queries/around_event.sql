-- title: Weeks around a dated event
-- description: Weekly figures of the regions that an event concerns, by the number of weeks from its own week.
-- param: event text = iq-election-2021-10 | id of a dated event; incidents events lists them
-- param: measure text = incidents | incidents, killed, wounded, ...
-- param: weeks integer = 13 | weeks on either side
-- chart: line x=weeks_from_event y=value by=region
WITH event AS (
    SELECT event_id, name, week_of(starts_on) AS week FROM dated_events WHERE event_id = $event
)
SELECT e.name AS event, CAST((w.week - e.week) / 7 AS INTEGER) AS weeks_from_event, w.week, w.region, w.value, w.status
FROM event AS e, weekly('admin1', $measure) AS w
WHERE w.week BETWEEN e.week - 7 * $weeks AND e.week + 7 * $weeks
  AND EXISTS (FROM event_regions AS c WHERE c.event_id = e.event_id AND c.region_id = w.region_id)
ORDER BY w.week, w.region;
