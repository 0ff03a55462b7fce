-- one row per recorded run of the chain: what was judged, as known when, under which settings
CREATE TABLE IF NOT EXISTS run (
    run_id VARCHAR NOT NULL,
    report VARCHAR NOT NULL,
    first_week DATE NOT NULL,
    last_week DATE NOT NULL,
    region_level VARCHAR NOT NULL,
    measure VARCHAR NOT NULL,
    filter VARCHAR NOT NULL,
    "to" DATE NOT NULL,
    as_of TIMESTAMP,
    version VARCHAR NOT NULL,
    settings_hash VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL
);
