-- one row per flag that a recorded backtest says these settings would have raised, and what followed it
CREATE TABLE IF NOT EXISTS backtest_flag (
    backtest_id VARCHAR NOT NULL,
    week DATE NOT NULL,
    region_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    observed DOUBLE NOT NULL,
    expected DOUBLE NOT NULL,
    first BOOLEAN NOT NULL,
    followed BOOLEAN                -- null where what came after is not known
);
