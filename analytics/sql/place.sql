-- one row per distinct reported place (country, admin1, admin2) and the region and district it was taken for
CREATE TABLE IF NOT EXISTS place (
    country VARCHAR,
    admin1 VARCHAR,
    admin2 VARCHAR,
    region_id VARCHAR,
    district_id VARCHAR,
    problem VARCHAR
);
