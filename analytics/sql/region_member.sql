-- one row per region and the time it belongs to a region group
CREATE TABLE IF NOT EXISTS region_member (
    group_id VARCHAR NOT NULL,
    "group" VARCHAR NOT NULL,
    region_id VARCHAR NOT NULL,
    valid_from DATE,
    valid_until DATE,
    source VARCHAR,
    load_id INTEGER NOT NULL
);
