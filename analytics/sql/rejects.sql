-- one row per rejected record
CREATE OR REPLACE VIEW rejects AS SELECT * FROM reject ORDER BY load_id, record;
