-- one row per reported place that is taken for another region than before, or at another time
CREATE OR REPLACE TEMP TABLE moved AS
SELECT DISTINCT country, admin1, admin2 FROM (
    (FROM resolved EXCEPT FROM place) UNION ALL (FROM place EXCEPT FROM resolved)
);
