-- one row per mute of a region's flags, with the day on which it ends or was ended
CREATE OR REPLACE VIEW mutes AS
SELECT m.region_id, m.measure, m.starts_on,
       least(m.until, (SELECT min(e.starts_on) - 1 FROM mute AS e
                       WHERE e.what = 'unmuted' AND e.region_id = m.region_id AND e.measure = m.measure
                         AND e.noted_at >= m.noted_at AND e.starts_on <= m.until)) AS until,
       m.text AS reason, m.author, m.noted_at
FROM mute AS m WHERE m.what = 'muted'
ORDER BY m.starts_on, m.region_id, m.measure, m.noted_at, m.until, m.text, m.author;
