-- one row per time a load confirmed a state of an incident that was known already
CREATE TABLE IF NOT EXISTS sighting (
    incident_id VARCHAR NOT NULL,
    known_at TIMESTAMP NOT NULL,
    known_basis VARCHAR NOT NULL,
    retracted BOOLEAN NOT NULL,
    load_id INTEGER NOT NULL,
    hash UBIGINT NOT NULL,
    layout BIGINT,                  -- null: the record is as in the version confirmed; -1: it was not kept
    kept VARCHAR
);
