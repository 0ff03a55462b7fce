-- one row per incident that became known, or whose record changed, between two moments, with the weekly rows it counts in
CREATE OR REPLACE MACRO incident_changes(
    earlier, later, level := 'admin1', source := NULL, "where" := true, last := NULL, dates := 'exclude'
) AS TABLE
WITH before AS (
    SELECT incident_id FROM incidents_as_of(earlier) WHERE "where"
), after AS (
    SELECT incident_id FROM incidents_as_of(later) WHERE "where"
), changed AS (          -- the state at each of the two moments of each record that has a newer state, retracted ones included
    SELECT v.*, t.late
    FROM incident_version AS v,
         (VALUES (false, CAST(earlier AS TIMESTAMP)), (true, CAST(later AS TIMESTAMP))) AS t(late, moment)
    WHERE v.known_from <= t.moment AND (v.known_to IS NULL OR v.known_to > t.moment)
      AND (source IS NULL OR list_contains(string_split(source, ','), v.source))
      AND v.incident_id IN (SELECT n.incident_id FROM incident_version AS n
                            WHERE n.known_from > CAST(earlier AS TIMESTAMP) AND n.known_from <= CAST(later AS TIMESTAMP))
), placed AS (           -- the rows of weekly in which a state counts, by the same rules
    SELECT c.incident_id, c.late, list(u.unit_id ORDER BY u.unit_id) FILTER (u.unit_id IS NOT NULL) AS units
    FROM changed AS c
    LEFT JOIN reach AS u ON (u.level = level OR u.unit_id = level)
        AND u.region_id = CASE WHEN level IN ('country', 'admin1') THEN c.region_id ELSE coalesce(c.district_id, c.region_id) END
        AND coalesce(u.valid_from <= c.occurred_on, true) AND coalesce(u.valid_until >= c.occurred_on, true)
    GROUP BY c.incident_id, c.late
), moment AS (
    SELECT c.*, coalesce(c.date_precision IN ('month', 'year'), false) AS imprecise,
           CASE WHEN (c.late AND c.incident_id NOT IN (FROM after)) OR (NOT c.late AND c.incident_id NOT IN (FROM before)) THEN []
                WHEN len(p.units) > 0 THEN p.units
                WHEN EXISTS (FROM region_member AS m JOIN lineage AS l ON l.region_id = m.region_id AND l.ancestor_id <> l.region_id
                             WHERE (m.group_id = level OR level = 'group') AND l.ancestor_id = coalesce(c.district_id, c.region_id))
                THEN ['(membership unknown)']
                WHEN c.region_id IS NULL OR NOT EXISTS (FROM region_member AS m WHERE m.group_id = level OR level = 'group')
                THEN ['(unplaced)'] ELSE [] END AS units
    FROM changed AS c JOIN placed AS p ON p.incident_id = c.incident_id AND p.late = c.late
), state AS (
    SELECT v.incident_id, v.late, v.source, v.source_id, v.location, v.source_name, v.source_url, v.occurred_on, v.killed,
           CASE WHEN v.imprecise AND dates = 'exclude' AND len(v.units) > 0 THEN ['(imprecise)'] ELSE v.units END AS counts_in,
           CASE WHEN v.imprecise AND dates = 'spread' THEN v.occurred_until ELSE v.occurred_on END AS counts_until,
           struct_pack({{texts}}, retracted := CAST(v.retracted AS VARCHAR)) AS fields
    FROM moment AS v
), pair AS (
    SELECT n.incident_id, b.incident_id IS NULL AS added, n.source, n.source_id, n.location, n.source_name, n.source_url,
           b.occurred_on AS day_before, n.occurred_on AS day_now, b.counts_until AS until_before, n.counts_until AS until_now,
           coalesce(b.counts_in, []) AS rows_before, n.counts_in AS rows_now, b.killed AS killed_before, n.killed AS killed_now,
           b.fields AS before, n.fields AS fields
    FROM state AS n LEFT JOIN state AS b ON b.incident_id = n.incident_id AND NOT b.late
    WHERE n.late
), listed AS (
    SELECT p.* EXCLUDE (before, fields),
           CASE WHEN p.added THEN [] ELSE list_filter({{changes}}, lambda c: c.old IS DISTINCT FROM c.new) END AS changes
    FROM pair AS p
)
SELECT l.* EXCLUDE (added, changes), CASE WHEN l.added THEN 'added' ELSE 'revised' END AS change,
       list_transform(l.changes, lambda c: c.field) AS fields,
       list_transform(l.changes, lambda c: c.field || ': ' || coalesce(c.old, 'not given') || ' → ' || coalesce(c.new, 'not given')) AS changes
FROM listed AS l
WHERE (len(l.rows_before) > 0 OR len(l.rows_now) > 0) AND (l.added OR len(l.changes) > 0)
  AND (last IS NULL OR coalesce(l.day_before <= CAST(last AS DATE), false) OR l.day_now <= CAST(last AS DATE))
ORDER BY l.day_now, l.incident_id;
