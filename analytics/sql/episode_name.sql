-- one row per episode of a recorded run, with the name it keeps from run to run; follows from the runs in their order
CREATE TABLE IF NOT EXISTS episode_name (
    run_id VARCHAR NOT NULL,
    own_id VARCHAR NOT NULL,
    episode_id VARCHAR NOT NULL
);
