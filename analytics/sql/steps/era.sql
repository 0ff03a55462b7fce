-- one row per stretch of time in which no region comes or goes; the first and the last are open
CREATE OR REPLACE TEMP TABLE era AS
WITH turn AS (
    SELECT valid_from AS day FROM region WHERE valid_from IS NOT NULL
    UNION SELECT valid_until + 1 FROM region WHERE valid_until IS NOT NULL
)
SELECT day AS era_from, lead(day) OVER (ORDER BY day) - 1 AS era_until FROM (FROM turn UNION ALL SELECT DATE '0001-01-01');
