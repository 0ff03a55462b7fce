-- one row per region's boundary, as GeoJSON geometry
CREATE TABLE IF NOT EXISTS boundary (
    region_id VARCHAR NOT NULL,
    geometry VARCHAR NOT NULL,
    load_id INTEGER NOT NULL,
    nearest_km DOUBLE               -- how far outside a place still counts as in it, where no boundary of its level holds it
);
