-- title: Attacks by tactic before and after each election
-- description: Incidents in the regions an event concerns, in as many weeks before its day as from it on.
-- description: Records that name no tactic are told apart by their type of violence.
-- param: kind text = election | kind of dated event: election, referendum, operation, ...
-- param: weeks integer = 26 | weeks on either side
-- chart: bar x=tactic y=before,after by=event
SELECT e.name AS event, e.starts_on, coalesce(i.tactic, i.event_type, '(not given)') AS tactic,
       count_if(i.occurred_on < e.starts_on) AS before, count_if(i.occurred_on >= e.starts_on) AS after,
       after - before AS change
FROM dated_events AS e
JOIN incidents AS i ON i.occurred_on >= e.starts_on - 7 * $weeks AND i.occurred_on < e.starts_on + 7 * $weeks
WHERE e.kind = $kind
  AND EXISTS (FROM event_regions AS c WHERE c.event_id = e.event_id AND c.region_id = i.region_id)
GROUP BY ALL
ORDER BY e.starts_on, event, tactic;
