-- one row per observation of a disputed incident, told apart by whether it changed anything
CREATE OR REPLACE TEMP TABLE history AS
SELECT o.*, coalesce(lag(o.hash) OVER seen <> o.hash OR lag(o.retracted) OVER seen <> o.retracted, true) AS changes
FROM observation AS o
WINDOW seen AS (PARTITION BY o.incident_id ORDER BY o.known_at, o.load_id);
