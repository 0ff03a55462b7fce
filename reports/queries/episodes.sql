-- title: Episodes and what became of them
-- description: Flagged weeks that belong together, as the latest recorded run has them, with what analysts said.
-- param: status text = % | open, closed or withdrawn; % for all
-- chart: bar x=episode_id y=excess
SELECT episode_id, status, peak_level, level, weeks, first_week, last_week, reopened, observed, round(excess, 1) AS excess,
       verdict, array_to_string(notes, '; ') AS notes
FROM episodes
WHERE status LIKE $status
ORDER BY last_week DESC, peak_level, episode_id;
