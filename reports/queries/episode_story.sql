-- title: What happened to the episodes of a region
-- description: Openings, escalations, ends, notes and mutes, latest weeks first; what runs found bears the day of the first.
-- param: region text = % | name of the region or region group, with % for any letters
SELECT l.week, l.episode_id, l.what, l.level, l."to" AS first_report_to, l.author, l.noted_at, l.text
FROM episode_log AS l JOIN episodes AS e ON e.episode_id = l.episode_id
WHERE e.region ILIKE $region
ORDER BY l.week DESC, l.episode_id, l.what, first_report_to, l.noted_at, l.text, l.author;
