-- one row per distinct reported place that is not in place yet
INSERT INTO place (country, admin1, admin2)
SELECT r.country, r.admin1, r.admin2 FROM load_place AS r
EXCEPT SELECT p.country, p.admin1, p.admin2 FROM place AS p;
