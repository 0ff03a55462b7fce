-- one row per distinct place that the records of the file name
INSERT INTO load_place
SELECT CAST($load_id AS INTEGER), s.country, s.admin1, s.admin2 FROM survey AS s;
