-- title: Deadliest incidents
-- description: Incidents with the most people killed, by the best estimate known now.
-- param: incidents integer = 20 | how many
-- chart: bar x=occurred_on,admin1,admin2,incident_id y=killed
SELECT incident_id, occurred_on, admin1, admin2, location, coalesce(tactic, event_type) AS kind, actor1, actor2,
       killed, killed_civilians, killed_security, wounded
FROM incidents
WHERE killed > 0
ORDER BY killed DESC, occurred_on, incident_id
LIMIT $incidents;
