-- one row per incident that was known and not taken back when this full release came, of its days and countries, and not in it
CREATE OR REPLACE TEMP TABLE lacking AS
SELECT v.incident_id
FROM incident_version AS v JOIN full_release AS r ON r.load_id = $load_id AND r.source = v.source
WHERE v.known_from <= r.known_at AND (v.known_to IS NULL OR v.known_to > r.known_at) AND NOT v.retracted
  AND v.occurred_on BETWEEN r.covers_from AND r.covers_until AND list_contains(r.countries, coalesce(v.country, ''))
  AND v.incident_id NOT IN (SELECT incident_id FROM staged WHERE problem IS NULL);
