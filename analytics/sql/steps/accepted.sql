-- one row per good record of the load: its day, its place and its coordinates
CREATE OR REPLACE TEMP VIEW accepted AS
SELECT s.occurred_on, s.country, s.admin1, s.admin2, s.longitude, s.latitude FROM staged AS s WHERE s.problem IS NULL;
