-- title: Flags that nobody has spoken of
-- description: Flags that are not muted, and whose episode no analyst has confirmed, dismissed or commented on.
-- description: The latest weeks come first, and in a week the most urgent.
-- chart: bar x=week,flag_id y=priority
SELECT f.week, f.level, f.priority, f.flag_id, f.reason
FROM flags AS f LEFT JOIN episodes AS e ON e.episode_id = f.episode_id
WHERE f.muted IS NULL AND e.verdict IS NULL AND e.notes IS NULL
ORDER BY f.week DESC, f.level, f.priority DESC, f.flag_id;
