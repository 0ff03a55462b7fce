-- one row per reported place: regions or boundaries changed, so that coordinates may lead elsewhere
CREATE OR REPLACE TEMP TABLE moved AS SELECT DISTINCT country, admin1, admin2 FROM place;
