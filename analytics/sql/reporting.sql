-- one row per statement that a source reports (or does not) on a region from one day to another
CREATE TABLE IF NOT EXISTS reporting (
    source VARCHAR NOT NULL,
    region_id VARCHAR NOT NULL,
    covers_from DATE NOT NULL,
    covers_until DATE NOT NULL,
    reported BOOLEAN NOT NULL,
    known_from TIMESTAMP,           -- null: known as it happened
    basis VARCHAR NOT NULL,         -- release, given, file, assumed or drop-off
    note VARCHAR,
    load_id INTEGER NOT NULL
);
