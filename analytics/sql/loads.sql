-- one row per load, with what it brought and whether it was undone
CREATE OR REPLACE VIEW loads AS SELECT * FROM load ORDER BY load_id;
