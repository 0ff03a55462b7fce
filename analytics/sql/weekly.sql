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
), above AS MATERIALIZED (
    SELECT l.region_id, l.ancestor_id FROM lineage AS l
), asked AS (            -- the rows asked for, and the regions each is made of
    SELECT r.region_id AS unit_id, r.name AS unit_name, r.region_id AS part_id, r.valid_from, r.valid_until
    FROM region AS r, bounds AS b
    WHERE r.level = level AND coalesce(r.valid_from <= b.last_day, true) AND coalesce(r.valid_until >= b.first_day, true)
    UNION ALL
    SELECT m.group_id, m."group", m.region_id, m.valid_from, m.valid_until
    FROM region_member AS m WHERE m.group_id = level OR level = 'group'
), apart AS (            -- the rows of incidents that are in none of them; their numbers come last
    FROM (VALUES (9999997, '(imprecise)'), (9999998, '(membership unknown)'), (9999999, '(unplaced)')) AS v(unit, name)
), unit AS (
    SELECT a.*, dense_rank() OVER (ORDER BY a.unit_id) AS unit FROM asked AS a
), stretch AS (          -- kind 1: reported; 0: declared unreported; -1: unreported in a region inside the part
    SELECT DISTINCT u.part_id, s.source, s.rank, CAST(s.reported AS INTEGER) AS kind, s.covers_from, s.covers_until
    FROM unit AS u JOIN above AS l ON l.region_id = u.part_id JOIN statement AS s ON s.region_id = l.ancestor_id
    WHERE s.covers_until >= s.covers_from
    UNION ALL
    SELECT DISTINCT u.part_id, s.source, s.rank, -1, s.covers_from, s.covers_until
    FROM unit AS u JOIN above AS l ON l.ancestor_id = u.part_id AND l.region_id <> u.part_id
    JOIN statement AS s ON s.region_id = l.region_id
    WHERE NOT s.reported AND s.covers_until >= s.covers_from
), told AS (             -- parts of which the same is said; one of them is looked at for all
    SELECT t.part_id, min(t.part_id) OVER (PARTITION BY t.said) AS like_part
    FROM (SELECT s.part_id, list_sort(list(row(s.source, s.rank, s.kind, s.covers_from, s.covers_until))) AS said
          FROM stretch AS s GROUP BY s.part_id) AS t
), marked AS (
    SELECT t.*, coalesce(t.covers_from > 1 + max(t.covers_until) OVER (
        PARTITION BY t.part_id, t.source, t.kind ORDER BY t.covers_from, t.covers_until
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true) AS starts
    FROM stretch AS t SEMI JOIN told AS o ON o.like_part = t.part_id
), numbered AS (
    SELECT m.*, count_if(m.starts) OVER (
        PARTITION BY m.part_id, m.source, m.kind ORDER BY m.covers_from, m.covers_until
        ROWS UNBOUNDED PRECEDING) AS island
    FROM marked AS m
), merged AS (
    SELECT n.part_id, n.source, n.rank, n.kind, min(n.covers_from) AS covers_from, max(n.covers_until) AS covers_until
    FROM numbered AS n GROUP BY n.part_id, n.source, n.rank, n.kind, n.island
), part_days AS (
    SELECT m.part_id, m.source, m.rank, w.week,
           sum((least(m.covers_until, w.day_until) - greatest(m.covers_from, w.day_from) + 1)
               * CASE m.kind WHEN 1 THEN 1 WHEN 0 THEN -1 ELSE 0 END) AS days,
           bool_or(m.kind = -1) AS holes
    FROM merged AS m JOIN week AS w ON m.covers_from <= w.day_until AND m.covers_until >= w.day_from
    GROUP BY m.part_id, m.source, m.rank, w.week
), made AS (             -- an empty name: a part of which nothing is said
    SELECT u.unit, any_value(u.unit_id) AS unit_id, any_value(u.unit_name) AS unit_name, list_sort(list(DISTINCT coalesce(t.like_part, ''))) AS like_parts,
           min(coalesce(u.valid_from, DATE '0001-01-01')) AS valid_from,
           max(coalesce(u.valid_until, DATE '9999-01-01')) AS valid_until
    FROM unit AS u LEFT JOIN told AS t ON t.part_id = u.part_id GROUP BY u.unit HAVING count(t.part_id) > 0
), ranked AS (           -- kin: units made of parts like the same
    SELECT m.*, dense_rank() OVER (ORDER BY m.like_parts) AS kin FROM made AS m
), kinship AS (
    SELECT DISTINCT r.kin, len(r.like_parts) AS parts, unnest(r.like_parts) AS part_id FROM ranked AS r
), cover AS (
    SELECT k.kin, d.source, d.rank, d.week, max(d.days) AS days,
           min(d.days) = 7 AND count(*) = any_value(k.parts) AND NOT bool_or(d.holes) AS whole
    FROM part_days AS d JOIN kinship AS k ON k.part_id = d.part_id
    GROUP BY k.kin, d.source, d.rank, d.week
), chosen AS (
    SELECT c.kin, c.week, arg_min(c.source, row(c.rank, c.source)) AS source, arg_min(c.whole, row(c.rank, c.source)) AS whole,
           CASE WHEN source IS NULL AND count(*) > 1 THEN array_to_string(list_sort(list(c.source)), ', ') END AS rivals
    FROM cover AS c WHERE c.days > 0 GROUP BY c.kin, c.week
), speaker AS (         -- numbered, as numbers are quicker to tell apart
    SELECT list(DISTINCT s.source ORDER BY s.source) AS names FROM statement AS s
), state AS (
    SELECT k.kin, w.*, list_position(s.names, c.source) AS speaker, c.whole, c.rivals
    FROM (SELECT DISTINCT kin FROM kinship) AS k CROSS JOIN week AS w CROSS JOIN speaker AS s
    LEFT JOIN chosen AS c ON c.kin = k.kin AND c.week = w.week
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
    SELECT DISTINCT l.region_id, u.unit, u.valid_from, u.valid_until
    FROM unit AS u JOIN above AS l ON l.ancestor_id = u.part_id
), vague AS (            -- coarser than a group's members: whether the incident belongs is not known
    SELECT DISTINCT l.ancestor_id AS region_id
    FROM unit AS u JOIN above AS l ON l.region_id = u.part_id AND l.ancestor_id <> l.region_id
    WHERE EXISTS (FROM region_member AS m WHERE m.group_id = u.unit_id)
), placed AS (           -- districts count where they are; levels above follow the first-level region reported
    SELECT d.*,
           CASE WHEN b.unit IS NOT NULL THEN b.unit
                WHEN coalesce(d.district_id, d.region_id) IN (SELECT v.region_id FROM vague AS v) THEN 9999998
                WHEN d.region_id IS NULL OR NOT EXISTS (FROM region_member AS m WHERE m.group_id = level OR level = 'group')
                THEN 9999999 END AS _unit
    FROM dated AS d
    LEFT JOIN belongs AS b
        ON b.region_id = CASE WHEN level IN ('country', 'admin1') THEN d.region_id ELSE coalesce(d.district_id, d.region_id) END
        AND coalesce(b.valid_from <= d.occurred_on, true) AND coalesce(b.valid_until >= d.occurred_on, true)
), keyed AS (
    SELECT p.* EXCLUDE (_unit), CASE WHEN p._imprecise THEN 9999997 ELSE p._unit END AS _unit
    FROM placed AS p WHERE p._unit IS NOT NULL
), measured AS (         -- a cell's number is that of its week's first day and that of its unit
    SELECT ((k._week - DATE '0001-01-01') * 10000000 + k._unit) * 1000 + CASE WHEN k._unit < 9999997 THEN coalesce(list_position(s.names, k.source), 999) ELSE 0 END AS cell,
           round(CASE WHEN typeof(measure) <> 'VARCHAR' THEN CAST(measure AS DOUBLE)
               ELSE CASE CAST(measure AS VARCHAR)
                   WHEN 'incidents' THEN sum(k.share) WHEN 'killed' THEN sum(k.killed * k.share) WHEN 'wounded' THEN sum(k.wounded * k.share)
                   WHEN 'killed_civilians' THEN sum(k.killed_civilians * k.share) WHEN 'killed_security' THEN sum(k.killed_security * k.share)
                   ELSE CAST(CAST(measure AS VARCHAR) AS DOUBLE) END END, 9) AS value
    FROM keyed AS k, speaker AS s GROUP BY cell
), grid AS (             -- whole: null where no source reports, else whether it reports on all of the week
    SELECT ((s.week - DATE '0001-01-01') * 10000000 + r.unit) * 1000 + coalesce(s.speaker, 0) AS cell, r.unit, s.week, s.whole, s.rivals
    FROM ranked AS r JOIN state AS s ON s.kin = r.kin AND r.valid_from <= s.day_until AND r.valid_until >= s.day_from
    UNION ALL
    SELECT ((w.week - DATE '0001-01-01') * 10000000 + a.unit) * 1000, a.unit, w.week, w.day_until - w.day_from = 6, NULL
    FROM apart AS a, week AS w WHERE a.unit = 9999999 OR a.unit IN (SELECT m.cell // 1000 % 10000000 FROM measured AS m WHERE m.cell % 1000 = 0)
), judged AS (
    SELECT g.cell, g.week, g.unit, g.rivals, CASE WHEN m.cell IS NULL THEN empty ELSE m.value END AS value,
           CASE WHEN m.cell IS NOT NULL AND m.value IS NULL THEN 'unknown'      -- incidents, but no figure
                WHEN g.whole IS NULL THEN 'unknown'
                WHEN g.whole THEN 'known' ELSE 'incomplete' END AS status
    FROM grid AS g
    LEFT JOIN measured AS m ON m.cell = g.cell
), called AS (
    SELECT j.* EXCLUDE (status), n.unit_id, n.unit_name,
           CASE WHEN j.rivals IS NULL THEN j.status
                ELSE error('two sources cover ' || n.unit_name || ' in the week of ' || j.week || ' (' || j.rivals
                           || '): choose one, or name them in order of precedence, with source') END AS status
    FROM judged AS j
    JOIN (SELECT r.unit, r.unit_id, r.unit_name FROM ranked AS r UNION ALL SELECT a.unit, a.name, a.name FROM apart AS a) AS n ON n.unit = j.unit
)
SELECT c.week, c.unit_id AS region_id, c.unit_name AS region, CASE WHEN c.status <> 'unknown' THEN c.value END AS value, c.status
FROM called AS c
ORDER BY c.cell;
