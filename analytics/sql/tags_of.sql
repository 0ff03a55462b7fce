-- the tags whose rules hold for an incident, in the order of their names; made anew whenever rules are loaded
CREATE MACRO IF NOT EXISTS tags_of(incident_id, source, source_id, {{bare}}, raw) AS CAST([] AS VARCHAR[]);
