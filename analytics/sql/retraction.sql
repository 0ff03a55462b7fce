-- one row per record that a source named as taken back, with when that was known
CREATE TABLE IF NOT EXISTS retraction (
    incident_id VARCHAR NOT NULL,
    known_at TIMESTAMP NOT NULL,
    known_basis VARCHAR NOT NULL,
    load_id INTEGER NOT NULL
);
