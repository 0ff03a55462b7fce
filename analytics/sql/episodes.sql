-- one row per episode, as the latest recorded run that has it, and what analysts said of it
CREATE OR REPLACE VIEW episodes AS
WITH told AS (
    SELECT n.episode_id, e.* EXCLUDE (own_id), r.region_level, r.filter, r.regions, r.turn
    FROM episode AS e
    JOIN runs AS r ON r.run_id = e.run_id
    JOIN episode_name AS n ON n.run_id = e.run_id AND n.own_id = e.own_id
    QUALIFY row_number() OVER (PARTITION BY n.episode_id ORDER BY r.turn DESC) = 1
), later AS (            -- runs that came after and do not have it, and whether they judged its last week
    SELECT t.episode_id, bool_or(r.first_week <= t.last_week) AS judged
    FROM told AS t JOIN runs AS r ON r.turn > t.turn
    WHERE r.region_level = t.region_level AND r.measure = t.measure AND r.filter = t.filter AND r.regions = t.regions AND r.last_week >= t.last_week
    GROUP BY t.episode_id
)
SELECT t.* EXCLUDE (turn, regions)
           REPLACE (CASE WHEN l.judged THEN 'withdrawn' WHEN l.episode_id IS NOT NULL THEN 'closed' ELSE t.status END AS status,
                    CASE WHEN l.episode_id IS NULL THEN t.not_judged_since END AS not_judged_since),
       said.verdict, said.notes
FROM told AS t
LEFT JOIN later AS l ON l.episode_id = t.episode_id
LEFT JOIN LATERAL (
    SELECT last(o.what ORDER BY o.noted_at, o.flag_id, o.what, o.text, o.author) FILTER (o.what <> 'commented') AS verdict,
           list(o.text ORDER BY o.noted_at, o.flag_id, o.what, o.text, o.author) FILTER (o.text <> '') AS notes
    FROM note AS o
    WHERE left(o.flag_id, -10) = left(t.episode_id, -10) AND o.week BETWEEN t.first_week AND t.last_week
) AS said ON true
ORDER BY t.first_week, t.region_id, t.measure, t.episode_id;
