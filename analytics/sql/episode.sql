-- one row per episode of a recorded run: flagged weeks of one region and measure that belong together
CREATE TABLE IF NOT EXISTS episode (
    run_id VARCHAR NOT NULL,
    own_id VARCHAR NOT NULL,        -- as this run alone would name it: region/measure/first week
    region_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    measure VARCHAR NOT NULL,
    first_week DATE NOT NULL,
    last_week DATE NOT NULL,
    weeks INTEGER NOT NULL,
    level VARCHAR NOT NULL,
    peak_level VARCHAR NOT NULL,
    observed DOUBLE,
    excess DOUBLE,
    status VARCHAR NOT NULL,
    closed_week DATE,
    reopened INTEGER NOT NULL,
    not_judged_since DATE
);
