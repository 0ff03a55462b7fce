-- one row per load: a file that was read, and what came of it
CREATE TABLE IF NOT EXISTS load (
    load_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL,          -- incidents, regions, groups, boundaries, events, coverage or tags
    source VARCHAR,
    file VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    settings VARCHAR NOT NULL,      -- how the file was read, as JSON
    known_at TIMESTAMP,             -- null where each record brings its own
    known_basis VARCHAR,            -- source, given, load or occurred
    loaded_at TIMESTAMP NOT NULL,
    rows_read BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    new_incidents BIGINT NOT NULL,
    new_versions BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    covers_from DATE,               -- what the file reports on, for the countries of its records
    covers_until DATE,
    covers_basis VARCHAR,           -- release, given or assumed
    undone_at TIMESTAMP
);
