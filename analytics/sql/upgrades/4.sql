-- places by coordinates and on a day: what the coordinates of older records say is found at the next load
ALTER TABLE incident_version ADD COLUMN region_basis VARCHAR;
UPDATE incident_version SET region_basis = 'reported' WHERE region_id IS NOT NULL;
ALTER TABLE boundary ADD COLUMN nearest_km DOUBLE;
ALTER TABLE place ADD COLUMN valid_from DATE;
ALTER TABLE place ADD COLUMN valid_until DATE;
