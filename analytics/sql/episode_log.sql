-- one row per thing that happened to an episode, with the first run that said so, and per thing said of it
CREATE OR REPLACE VIEW episode_log AS
WITH happened AS (
    SELECT n.episode_id, v.week, v.what, v.level, v.run_id, r."to", r.as_of, CAST(NULL AS VARCHAR) AS text,
           CAST(NULL AS VARCHAR) AS author, CAST(NULL AS TIMESTAMP) AS noted_at
    FROM episode_event AS v
    JOIN runs AS r ON r.run_id = v.run_id
    JOIN episode_name AS n ON n.run_id = v.run_id AND n.own_id = v.own_id
    QUALIFY row_number() OVER (PARTITION BY n.episode_id, v.week, v.what, v.level ORDER BY r.turn) = 1
), said AS (
    SELECT e.episode_id, o.week, o.what, '' AS level, NULL AS run_id, NULL AS "to", NULL AS as_of, o.text, o.author, o.noted_at
    FROM episodes AS e JOIN note AS o
      ON left(o.flag_id, -10) = left(e.episode_id, -10) AND o.week BETWEEN e.first_week AND e.last_week
    UNION ALL
    SELECT e.episode_id, greatest(m.starts_on, e.first_week), m.what, '', NULL, NULL, NULL, m.text, m.author, m.noted_at
    FROM episodes AS e JOIN mute AS m
      ON m.region_id = e.region_id AND m.measure IN ('', e.measure)
     AND m.starts_on <= e.last_week + 6 AND coalesce(m.until >= e.first_week, m.starts_on >= e.first_week)
)
FROM happened UNION ALL FROM said
ORDER BY episode_id, week, list_position(['opened', 'reopened', 'escalated', 'continued', 'closed'], what), "to", as_of, level, noted_at, what, text, author;
