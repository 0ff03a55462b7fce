-- one row per flag, as the latest recorded run that judged its week has it
CREATE OR REPLACE VIEW flags AS
WITH ranked AS (
    SELECT r.*, row_number() OVER (ORDER BY r."to", r.as_of NULLS LAST, r.run_id) AS turn FROM run AS r
)
SELECT f.*, r.region_level, r.filter
FROM flag AS f JOIN ranked AS r ON r.run_id = f.run_id
WHERE NOT EXISTS (
    FROM ranked AS later
    WHERE later.turn > r.turn AND f.week BETWEEN later.first_week AND later.last_week
      AND later.region_level = r.region_level AND later.measure = r.measure AND later.filter = r.filter)
ORDER BY f.week, f.region_id, f.measure;
