-- one row per record that could not be accepted, with where it was and why
CREATE TABLE IF NOT EXISTS reject (
    load_id INTEGER NOT NULL,
    file VARCHAR NOT NULL,
    record BIGINT,
    "column" VARCHAR,
    value VARCHAR,
    reason VARCHAR NOT NULL,
    text VARCHAR
);
