-- records as the cells that our columns do not give back: those of before are kept whole, as layout 0;
-- episodes that stay open while their region is not judged
ALTER TABLE incident_version RENAME TO incident_version_4;
CREATE TABLE incident_version (
    incident_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    known_from TIMESTAMP NOT NULL,
    known_to TIMESTAMP,
    known_basis VARCHAR NOT NULL,
    retracted BOOLEAN NOT NULL,
    load_id INTEGER NOT NULL,
    hash UBIGINT NOT NULL,
    region_id VARCHAR,
    district_id VARCHAR,
    source VARCHAR NOT NULL,
    source_id VARCHAR GENERATED ALWAYS AS (substr(incident_id, length(source) + 2)) VIRTUAL,
    occurred_on DATE, occurred_until DATE, date_precision VARCHAR,
    country VARCHAR, admin1 VARCHAR, admin2 VARCHAR, location VARCHAR, latitude DOUBLE, longitude DOUBLE, place_precision VARCHAR,
    event_type VARCHAR, tactic VARCHAR, actor1 VARCHAR, actor2 VARCHAR, target VARCHAR,
    killed INTEGER, killed_low INTEGER, killed_high INTEGER, killed_civilians INTEGER, killed_security INTEGER, killed_attackers INTEGER,
    wounded INTEGER, source_name VARCHAR, source_url VARCHAR, notes VARCHAR,
    layout BIGINT,
    kept VARCHAR,
    region_basis VARCHAR
);
INSERT INTO incident_version
SELECT incident_id, version, known_from, known_to, known_basis, retracted, load_id, hash, region_id, district_id, source,
       occurred_on, occurred_until, date_precision, country, admin1, admin2, location, latitude, longitude, place_precision,
       event_type, tactic, actor1, actor2, target, killed, killed_low, killed_high, killed_civilians, killed_security, killed_attackers,
       wounded, source_name, source_url, notes, CASE WHEN raw IS NOT NULL THEN 0 END, raw, region_basis
FROM incident_version_4;
DROP TABLE incident_version_4;
ALTER TABLE sighting RENAME TO sighting_4;
CREATE TABLE sighting (
    incident_id VARCHAR NOT NULL,
    known_at TIMESTAMP NOT NULL,
    known_basis VARCHAR NOT NULL,
    retracted BOOLEAN NOT NULL,
    load_id INTEGER NOT NULL,
    hash UBIGINT NOT NULL,
    layout BIGINT,
    kept VARCHAR
);
INSERT INTO sighting
SELECT incident_id, known_at, known_basis, retracted, load_id, hash, CASE raw WHEN '' THEN -1 ELSE CASE WHEN raw IS NOT NULL THEN 0 END END, nullif(raw, '')
FROM sighting_4;
DROP TABLE sighting_4;
ALTER TABLE incident_store ADD COLUMN hash_mark UBIGINT;
ALTER TABLE episode ADD COLUMN not_judged_since DATE;
