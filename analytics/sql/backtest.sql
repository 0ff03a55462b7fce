-- one row per recorded backtest: how the flags of these settings would have done in past weeks; rows are only ever added
CREATE TABLE IF NOT EXISTS backtest (
    backtest_id VARCHAR NOT NULL,   -- made from all that it holds
    settings_hash VARCHAR NOT NULL, -- of the options on which flags depend
    first_week DATE NOT NULL,
    last_week DATE NOT NULL,
    known_weeks INTEGER NOT NULL,
    region_level VARCHAR NOT NULL,
    measure VARCHAR NOT NULL,
    filter VARCHAR NOT NULL,
    regions VARCHAR NOT NULL,
    "to" DATE NOT NULL,
    as_of TIMESTAMP,
    version VARCHAR NOT NULL,
    options VARCHAR NOT NULL,       -- of the backtest itself, as JSON
    fingerprint VARCHAR NOT NULL,
    sentence VARCHAR NOT NULL,
    command VARCHAR NOT NULL
);
