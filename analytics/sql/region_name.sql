-- one row per name under which a region is reported
CREATE TABLE IF NOT EXISTS region_name (
    region_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    place_key VARCHAR NOT NULL,
    load_id INTEGER NOT NULL
);
