-- title: Flags and their incidents
-- description: Every incident behind every recorded flag, newest flags first; flags are recorded by incidents report.
-- param: level text = % | watch, warning or alert; % for all
SELECT g.week, g.level, g.measure, g.region, f.incident_id, f.occurred_on, f.admin2, f.location,
       coalesce(f.tactic, f.event_type) AS kind, f.actor1, f.actor2, f.killed, f.wounded, f.source_name
FROM flags AS g
JOIN flag_incidents AS f ON f.run_id = g.run_id AND f.week = g.week AND f.flag_region_id = g.region_id AND f.measure = g.measure
WHERE g.level LIKE $level
ORDER BY g.week DESC, g.region, g.measure, f.occurred_on, f.incident_id;
