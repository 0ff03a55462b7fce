-- one row per thing an analyst said of a flag (region/measure/week); rows are only ever added
CREATE TABLE IF NOT EXISTS note (
    flag_id VARCHAR NOT NULL,
    week DATE NOT NULL,
    what VARCHAR NOT NULL,          -- confirmed, dismissed or commented
    text VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    noted_at TIMESTAMP NOT NULL
);
