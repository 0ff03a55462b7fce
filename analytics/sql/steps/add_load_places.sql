-- one row per distinct place that the accepted records report
INSERT INTO load_place
SELECT DISTINCT CAST($load_id AS INTEGER), s.country, s.admin1, s.admin2 FROM accepted AS s;
