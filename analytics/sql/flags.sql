-- one row per flag, as the latest recorded run that judged its week has it
CREATE OR REPLACE VIEW flags AS
SELECT f.* EXCLUDE (own_id), left(n.episode_id, -10) || f.week AS flag_id, n.episode_id, r.region_level, r.filter,
       (SELECT min(m.until || ': ' || m.reason) FROM mutes AS m
        WHERE m.region_id = f.region_id AND m.measure IN ('', f.measure) AND m.starts_on <= f.week + 6 AND m.until >= f.week) AS muted
FROM flag AS f
JOIN runs AS r ON r.run_id = f.run_id
JOIN episode_name AS n ON n.run_id = f.run_id AND n.own_id = f.own_id
WHERE NOT EXISTS (
    FROM runs AS later
    WHERE later.turn > r.turn AND f.week BETWEEN later.first_week AND later.last_week
      AND later.region_level = r.region_level AND later.measure = r.measure AND later.filter = r.filter
      AND later.regions = r.regions)
ORDER BY f.week, f.region_id, f.measure;
