-- one row per episode of a recorded run: consecutive flagged weeks of one region and measure
CREATE TABLE IF NOT EXISTS episode (
    run_id VARCHAR NOT NULL,
    episode_id VARCHAR NOT NULL,
    region_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    measure VARCHAR NOT NULL,
    first_week DATE NOT NULL,
    last_week DATE NOT NULL,
    weeks INTEGER NOT NULL,
    peak_level VARCHAR NOT NULL,
    observed DOUBLE,
    excess DOUBLE,
    status VARCHAR NOT NULL
);
