-- one row per region of a hierarchy (country > admin1 > admin2)
CREATE TABLE IF NOT EXISTS region (
    region_id VARCHAR NOT NULL,
    parent_id VARCHAR,
    level VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    valid_from DATE,
    valid_until DATE,
    source VARCHAR,
    load_id INTEGER NOT NULL
);
