-- one row per distinct reported place (country, admin1, admin2) and stretch of time, and the region and district its names mean then
CREATE TABLE IF NOT EXISTS place (
    country VARCHAR,
    admin1 VARCHAR,
    admin2 VARCHAR,
    region_id VARCHAR,
    district_id VARCHAR,
    problem VARCHAR,
    valid_from DATE,                -- null: always before valid_until
    valid_until DATE
);
