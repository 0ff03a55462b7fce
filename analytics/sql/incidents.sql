-- one row per incident, in the version known now
CREATE OR REPLACE VIEW incidents AS FROM incidents_as_of(TIMESTAMP 'infinity');
