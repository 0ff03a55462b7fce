-- one row per thing an analyst said of a flag, oldest first
CREATE OR REPLACE VIEW notes AS SELECT * FROM note ORDER BY noted_at, flag_id, what, text, author;
