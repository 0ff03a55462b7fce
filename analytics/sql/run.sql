-- one row per recorded run of the chain: what was judged, as known when, under which settings
CREATE TABLE IF NOT EXISTS run (
    run_id VARCHAR NOT NULL,
    report VARCHAR NOT NULL,
    first_week DATE NOT NULL,
    last_week DATE NOT NULL,
    region_level VARCHAR NOT NULL,
    measure VARCHAR NOT NULL,
    filter VARCHAR NOT NULL,
    regions VARCHAR NOT NULL,       -- ids of the regions judged, by commas; '' for the whole level
    "to" DATE NOT NULL,
    as_of TIMESTAMP,
    version VARCHAR NOT NULL,
    settings VARCHAR NOT NULL,      -- every option in force, as JSON
    settings_hash VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL
);
