-- one row per recorded run and thing that happened to an episode in a week that the run judged; rows are only ever added
CREATE TABLE IF NOT EXISTS episode_event (
    run_id VARCHAR NOT NULL,
    own_id VARCHAR NOT NULL,        -- the episode, as this run alone would name it
    week DATE NOT NULL,
    what VARCHAR NOT NULL,          -- opened, escalated, continued, closed or reopened
    level VARCHAR NOT NULL
);
