-- one row per method of a recorded backtest and way to choose its flags: how they did; our own first
CREATE TABLE IF NOT EXISTS backtest_score (
    backtest_id VARCHAR NOT NULL,
    place INTEGER NOT NULL,
    method VARCHAR NOT NULL,
    flagged VARCHAR NOT NULL,
    threshold DOUBLE,
    flags INTEGER NOT NULL,
    flags_per_region_year DOUBLE,
    episodes INTEGER NOT NULL,
    censored INTEGER NOT NULL,
    followed INTEGER NOT NULL,
    "precision" DOUBLE,
    low DOUBLE,
    high DOUBLE,
    base_rate DOUBLE,
    lift DOUBLE,
    escalations INTEGER NOT NULL,
    in_time INTEGER NOT NULL,
    late INTEGER NOT NULL,
    missed INTEGER NOT NULL,
    lead DOUBLE
);
