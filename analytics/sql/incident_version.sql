-- one row per state of an incident's record, known from known_from until before known_to
CREATE TABLE IF NOT EXISTS incident_version (
    incident_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    known_from TIMESTAMP NOT NULL,
    known_to TIMESTAMP,
    known_basis VARCHAR NOT NULL,
    retracted BOOLEAN NOT NULL,
    load_id INTEGER NOT NULL,
    hash UBIGINT NOT NULL,
    region_id VARCHAR,              -- the finest region inside the first-level region reported
    district_id VARCHAR,            -- the district its name means, also where another first-level region is reported
    source VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    {{columns}},
    raw VARCHAR,
    region_basis VARCHAR            -- reported, polygon or nearest
);
