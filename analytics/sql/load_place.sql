-- one row per load and place (country, admin1, admin2) that its records report
CREATE TABLE IF NOT EXISTS load_place (
    load_id INTEGER NOT NULL,
    country VARCHAR,
    admin1 VARCHAR,
    admin2 VARCHAR
);
