-- one row per election, referendum, operation or other dated event
CREATE TABLE IF NOT EXISTS dated_event (
    event_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    regions VARCHAR[] NOT NULL,
    source VARCHAR,
    notes VARCHAR,
    load_id INTEGER NOT NULL
);
