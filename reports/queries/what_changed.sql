-- title: What became known between two moments
-- description: Incidents that were added, and records that were revised, with what changed and where they count by now.
-- param: earlier timestamp = 2021-12-06 | the earlier moment
-- param: later timestamp = 2021-12-13 | the later moment
-- param: last date = 2021-12-05 | last day on which an incident may have begun, then or now
-- param: level text = admin1 | country, admin1, admin2 or a region group
SELECT change, incident_id, day_now, array_to_string(rows_now, ', ') AS counts_in, location, killed_before, killed_now,
       array_to_string(changes, '; ') AS changes, source_name
FROM incident_changes($earlier, $later, level := $level, last := $last)
ORDER BY day_now, incident_id;
