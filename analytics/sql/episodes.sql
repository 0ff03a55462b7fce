-- one row per episode, as the latest recorded run has it
CREATE OR REPLACE VIEW episodes AS
SELECT e.*
FROM episode AS e JOIN run AS r ON r.run_id = e.run_id
QUALIFY row_number() OVER (PARTITION BY e.episode_id ORDER BY r."to" DESC, r.as_of DESC NULLS FIRST, r.run_id DESC) = 1
ORDER BY e.first_week, e.region_id;
