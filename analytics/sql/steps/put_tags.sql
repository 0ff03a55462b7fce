-- one row per tag rule loaded, in place of all before
DELETE FROM tag_rule;
INSERT INTO tag_rule
SELECT f.row ->> 'tag', f.row ->> 'where', nullif(f.row ->> 'meaning', ''), f.load_id FROM in_force AS f WHERE f.kind = 'tags';
