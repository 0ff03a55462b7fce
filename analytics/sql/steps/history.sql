-- one row per observation of a disputed incident, told apart by whether it changed anything; what is taken back keeps its last state
CREATE OR REPLACE TEMP TABLE history AS
WITH filled AS (
    SELECT o.* REPLACE (coalesce(o.hash, last_value(o.hash IGNORE NULLS) OVER seen) AS hash)
    FROM observation AS o
    WINDOW seen AS (PARTITION BY o.incident_id ORDER BY o.known_at, o.load_id ROWS UNBOUNDED PRECEDING)
), concerned AS (       -- a full release takes back only what is of its days and countries
    SELECT f.* EXCLUDE (release_id) FROM filled AS f
    LEFT JOIN full_release AS r ON r.load_id = f.release_id
    LEFT JOIN state AS s ON s.incident_id = f.incident_id AND s.hash = f.hash
    WHERE f.hash IS NOT NULL AND (f.release_id IS NULL OR coalesce(
        s.occurred_on BETWEEN r.covers_from AND r.covers_until AND list_contains(r.countries, coalesce(s.country, '')), false))
)
SELECT c.*, coalesce(lag(c.hash) OVER seen <> c.hash OR lag(c.retracted) OVER seen <> c.retracted, true) AS changes
FROM concerned AS c
WINDOW seen AS (PARTITION BY c.incident_id ORDER BY c.known_at, c.load_id);
