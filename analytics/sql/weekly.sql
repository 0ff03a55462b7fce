-- one row per week and region of a level (country, admin1, admin2) or group: the measure's value and what is known of it
CREATE OR REPLACE MACRO weekly(
    level, measure := 'incidents', source := NULL, "where" := true, week_start := 'monday',
    first := NULL, last := NULL, as_of := TIMESTAMP 'infinity', dates := 'exclude', empty := 0
) AS TABLE
WITH statement AS (      -- what the chosen sources say they reported on, as known at as_of
    SELECT c.source, c.region_id, c.reported, c.covers_from,
           CASE WHEN c.known_from IS NULL
                THEN least(c.covers_until, CAST(least(CAST(as_of AS TIMESTAMP), TIMESTAMP '9999-01-01') AS DATE) - 1)
                ELSE c.covers_until END AS covers_until,
           coalesce(list_position(string_split(source, ','), c.source), 1) AS rank
    FROM coverage_in_force AS c
    WHERE (c.known_from IS NULL OR c.known_from <= CAST(as_of AS TIMESTAMP))
      AND (source IS NULL OR list_contains(string_split(source, ','), c.source))
), bounds AS (
    SELECT coalesce(CAST(first AS DATE), week_of(min(s.covers_from) + 6, week_start)) AS first_day,
           coalesce(CAST(last AS DATE), week_of(max(s.covers_until) + 1, week_start) - 1) AS last_day
    FROM statement AS s WHERE s.reported
), week AS (
    SELECT CAST(d.day AS DATE) AS week,
           greatest(CAST(d.day AS DATE), b.first_day) AS day_from, least(CAST(d.day AS DATE) + 6, b.last_day) AS day_until
    FROM bounds AS b,
         generate_series(CAST(week_of(b.first_day, week_start) AS TIMESTAMP), CAST(b.last_day AS TIMESTAMP), INTERVAL 7 DAY) AS d(day)
), unit AS (             -- the rows asked for, and the regions each is made of
    SELECT r.region_id AS unit_id, r.name AS unit_name, r.region_id AS part_id, r.valid_from, r.valid_until
    FROM region AS r, bounds AS b
    WHERE r.level = level AND coalesce(r.valid_from <= b.last_day, true) AND coalesce(r.valid_until >= b.first_day, true)
    UNION ALL
    SELECT m.group_id, m."group", m.region_id, m.valid_from, m.valid_until
    FROM region_member AS m WHERE m.group_id = level OR level = 'group'
), stretch AS (          -- kind 1: reported; 0: declared unreported; -1: unreported in a region inside the part
    SELECT DISTINCT u.unit_id, u.part_id, s.source, s.rank, CAST(s.reported AS INTEGER) AS kind, s.covers_from, s.covers_until
    FROM unit AS u JOIN lineage AS l ON l.region_id = u.part_id JOIN statement AS s ON s.region_id = l.ancestor_id
    WHERE s.covers_until >= s.covers_from
    UNION ALL
    SELECT DISTINCT u.unit_id, u.part_id, s.source, s.rank, -1, s.covers_from, s.covers_until
    FROM unit AS u JOIN lineage AS l ON l.ancestor_id = u.part_id AND l.region_id <> u.part_id
    JOIN statement AS s ON s.region_id = l.region_id
    WHERE NOT s.reported AND s.covers_until >= s.covers_from
), marked AS (
    SELECT t.*, coalesce(t.covers_from > 1 + max(t.covers_until) OVER (
        PARTITION BY t.unit_id, t.part_id, t.source, t.kind ORDER BY t.covers_from, t.covers_until
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true) AS starts
    FROM stretch AS t
), numbered AS (
    SELECT m.*, count_if(m.starts) OVER (
        PARTITION BY m.unit_id, m.part_id, m.source, m.kind ORDER BY m.covers_from, m.covers_until
        ROWS UNBOUNDED PRECEDING) AS island
    FROM marked AS m
), merged AS (
    SELECT n.unit_id, n.part_id, n.source, n.rank, n.kind, min(n.covers_from) AS covers_from, max(n.covers_until) AS covers_until
    FROM numbered AS n GROUP BY n.unit_id, n.part_id, n.source, n.rank, n.kind, n.island
), part_days AS (
    SELECT m.unit_id, m.part_id, m.source, m.rank, w.week,
           sum((least(m.covers_until, w.day_until) - greatest(m.covers_from, w.day_from) + 1)
               * CASE m.kind WHEN 1 THEN 1 WHEN 0 THEN -1 ELSE 0 END) AS days,
           bool_or(m.kind = -1) AS holes
    FROM merged AS m JOIN week AS w ON m.covers_from <= w.day_until AND m.covers_until >= w.day_from
    GROUP BY m.unit_id, m.part_id, m.source, m.rank, w.week
), parts AS (
    SELECT u.unit_id, any_value(u.unit_name) AS unit_name, count(DISTINCT u.part_id) AS parts,
           min(coalesce(u.valid_from, DATE '0001-01-01')) AS valid_from,
           max(coalesce(u.valid_until, DATE '9999-01-01')) AS valid_until
    FROM unit AS u WHERE EXISTS (FROM merged AS m WHERE m.unit_id = u.unit_id) GROUP BY u.unit_id
), cover AS (
    SELECT d.unit_id, d.source, d.rank, d.week, max(d.days) AS days,
           min(d.days) = 7 AND count(*) = any_value(p.parts) AND NOT bool_or(d.holes) AS whole
    FROM part_days AS d JOIN parts AS p ON p.unit_id = d.unit_id
    GROUP BY d.unit_id, d.source, d.rank, d.week
), chosen AS (
    SELECT c.unit_id, c.week, arg_min(c.source, row(c.rank, c.source)) AS source, arg_min(c.whole, row(c.rank, c.source)) AS whole,
           list(c.source) AS sources
    FROM cover AS c WHERE c.days > 0 GROUP BY c.unit_id, c.week
), picked AS (
    SELECT * FROM incidents_as_of(as_of) WHERE "where"
), dated AS (
    SELECT p.*, week_of(p.occurred_on, week_start) AS _week, CAST(1 AS DOUBLE) AS share,
           coalesce(p.date_precision IN ('month', 'year'), false) AS _imprecise
    FROM picked AS p, bounds AS b
    WHERE p.occurred_on BETWEEN b.first_day AND b.last_day
      AND (source IS NULL OR list_contains(string_split(source, ','), p.source))
      AND NOT (dates = 'spread' AND coalesce(p.date_precision IN ('month', 'year'), false))
    UNION ALL
    SELECT p.*, w.week,
           (least(p.occurred_until, w.day_until) - greatest(p.occurred_on, w.day_from) + 1)
               / CAST(p.occurred_until - p.occurred_on + 1 AS DOUBLE),
           false
    FROM picked AS p JOIN week AS w ON p.occurred_on <= w.day_until AND p.occurred_until >= w.day_from
    WHERE dates = 'spread' AND p.date_precision IN ('month', 'year')
      AND (source IS NULL OR list_contains(string_split(source, ','), p.source))
), belongs AS (
    SELECT DISTINCT l.region_id, u.unit_id, u.valid_from, u.valid_until
    FROM unit AS u JOIN lineage AS l ON l.ancestor_id = u.part_id
), above AS (            -- coarser than a group's members: whether the incident belongs is not known
    SELECT DISTINCT l.ancestor_id AS region_id
    FROM unit AS u JOIN lineage AS l ON l.region_id = u.part_id AND l.ancestor_id <> l.region_id
    WHERE EXISTS (FROM region_member AS m WHERE m.group_id = u.unit_id)
), placed AS (         -- districts count where they are; levels above follow the first-level region reported
    SELECT d.*,
           CASE WHEN b.unit_id IS NOT NULL THEN b.unit_id
                WHEN a.region_id IS NOT NULL THEN '(membership unknown)'
                WHEN d.region_id IS NULL OR NOT EXISTS (FROM region_member AS m WHERE m.group_id = level OR level = 'group')
                THEN '(unplaced)' END AS _unit
    FROM dated AS d
    LEFT JOIN belongs AS b
        ON b.region_id = CASE WHEN level IN ('country', 'admin1') THEN d.region_id ELSE coalesce(d.district_id, d.region_id) END
        AND coalesce(b.valid_from <= d.occurred_on, true) AND coalesce(b.valid_until >= d.occurred_on, true)
    LEFT JOIN above AS a ON a.region_id = coalesce(d.district_id, d.region_id)
), keyed AS (
    SELECT p.* EXCLUDE (_unit), CASE WHEN p._imprecise THEN '(imprecise)' ELSE p._unit END AS _unit
    FROM placed AS p WHERE p._unit IS NOT NULL
), measured AS (
    SELECT k._unit, k._week, CASE WHEN NOT starts_with(k._unit, '(') THEN k.source END AS _source, measure AS _value,
           sum(k.share) AS _incidents, sum(k.killed * k.share) AS _killed, sum(k.wounded * k.share) AS _wounded,
           sum(k.killed_civilians * k.share) AS _killed_civilians, sum(k.killed_security * k.share) AS _killed_security
    FROM keyed AS k GROUP BY ALL
), named AS (
    SELECT m._unit, m._week, m._source, round(CASE CAST(m._value AS VARCHAR)
        WHEN 'incidents' THEN m._incidents WHEN 'killed' THEN m._killed WHEN 'wounded' THEN m._wounded
        WHEN 'killed_civilians' THEN m._killed_civilians WHEN 'killed_security' THEN m._killed_security
        ELSE CAST(CAST(m._value AS VARCHAR) AS DOUBLE) END, 9) AS value
    FROM measured AS m
), grid AS (
    SELECT w.week, p.unit_id, p.unit_name, true AS real
    FROM parts AS p, week AS w WHERE p.valid_from <= w.day_until AND p.valid_until >= w.day_from
    UNION ALL
    SELECT w.week, s.unit_id, s.unit_id, false
    FROM (SELECT '(unplaced)' AS unit_id UNION SELECT DISTINCT n._unit FROM named AS n WHERE starts_with(n._unit, '(')) AS s, week AS w
), judged AS (
    SELECT g.week, g.unit_id, g.unit_name, CASE WHEN n._unit IS NULL THEN empty ELSE n.value END AS value,
           CASE WHEN g.real AND source IS NULL AND len(c.sources) > 1
                THEN error('two sources cover ' || g.unit_name || ' in the week of ' || g.week || ' (' || array_to_string(list_sort(c.sources), ', ')
                           || '): choose one, or name them in order of precedence, with source')
                WHEN n._unit IS NOT NULL AND n.value IS NULL THEN 'unknown'      -- incidents, but no figure
                WHEN c.unit_id IS NOT NULL THEN CASE WHEN c.whole THEN 'known' ELSE 'incomplete' END
                WHEN g.real THEN 'unknown'
                WHEN w.day_until - w.day_from = 6 THEN 'known' ELSE 'incomplete' END AS status
    FROM grid AS g
    JOIN week AS w ON w.week = g.week
    LEFT JOIN chosen AS c ON c.unit_id = g.unit_id AND c.week = g.week
    LEFT JOIN named AS n ON n._unit = g.unit_id AND n._week = g.week AND n._source IS NOT DISTINCT FROM c.source
)
SELECT j.week, j.unit_id AS region_id, j.unit_name AS region,
       CASE WHEN j.status <> 'unknown' THEN j.value END AS value, j.status
FROM judged AS j
ORDER BY j.week, starts_with(j.unit_id, '('), j.unit_id;
