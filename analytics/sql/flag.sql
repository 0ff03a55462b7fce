-- one row per flag of a recorded run
CREATE TABLE IF NOT EXISTS flag (
    run_id VARCHAR NOT NULL,
    week DATE NOT NULL,
    region_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    measure VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    kinds VARCHAR NOT NULL,
    p_value DOUBLE,
    q_value DOUBLE,
    observed DOUBLE,
    expected DOUBLE,
    upper DOUBLE,
    excess DOUBLE,
    growth DOUBLE,
    own_id VARCHAR NOT NULL,        -- its episode, as this run alone would name it
    priority DOUBLE,
    reason VARCHAR NOT NULL
);
