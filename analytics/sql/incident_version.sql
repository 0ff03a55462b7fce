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
    source_id VARCHAR GENERATED ALWAYS AS (substr(incident_id, length(source) + 2)) VIRTUAL,
    {{columns}},
    layout BIGINT,                  -- of the record in its file; 0: kept is the whole record; null: it was not kept
    kept VARCHAR,                   -- the cells that our columns do not give back, as JSON
    region_basis VARCHAR            -- reported, polygon or nearest
);
