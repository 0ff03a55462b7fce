-- one row per incident, in the version that was known at a moment; retracted incidents are left out
CREATE OR REPLACE MACRO incidents_as_of(ts) AS TABLE
    SELECT v.incident_id, v.source, v.source_id, v.version, v.known_from, v.known_basis,
           {{names v}},
           v.region_id, v.district_id, v.region_basis,
           tags_of(v.incident_id, v.source, v.source_id, {{names v}}, raw_of(v.layout, v.kept, v.source_id, {{names v}})) AS tags,
           raw_of(v.layout, v.kept, v.source_id, {{names v}}) AS raw
    FROM incident_version AS v
    WHERE v.known_from <= CAST(ts AS TIMESTAMP)
      AND (v.known_to IS NULL OR v.known_to > CAST(ts AS TIMESTAMP))
      AND NOT v.retracted;
