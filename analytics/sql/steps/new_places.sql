-- one row per distinct reported place of the staged records that is not in place yet
INSERT INTO place (country, admin1, admin2)
SELECT DISTINCT s.country, s.admin1, s.admin2 FROM staged AS s WHERE s.problem IS NULL
EXCEPT SELECT p.country, p.admin1, p.admin2 FROM place AS p;
