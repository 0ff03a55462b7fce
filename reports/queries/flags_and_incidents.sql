-- title: Flags and their incidents
-- description: Every incident behind every recorded flag, newest flags first; flags are recorded by incidents report.
-- param: level text = % | watch, warning or alert; % for all
SELECT f.week, f.level, r.name AS region, f.incident_id, f.occurred_on, f.admin2, f.location,
       coalesce(f.tactic, f.event_type) AS kind, f.actor1, f.actor2, f.killed, f.wounded, f.source_name
FROM flag_incidents AS f LEFT JOIN regions AS r ON r.region_id = f.flag_region_id
WHERE f.level LIKE $level
ORDER BY f.week DESC, region, f.occurred_on, f.incident_id;
