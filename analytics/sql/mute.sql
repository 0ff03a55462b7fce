-- one row per beginning or early end of a mute of a region's flags; rows are only ever added
CREATE TABLE IF NOT EXISTS mute (
    region_id VARCHAR NOT NULL,
    measure VARCHAR NOT NULL,       -- '' for every measure
    what VARCHAR NOT NULL,          -- muted or unmuted
    starts_on DATE NOT NULL,
    until DATE,                     -- null where unmuted
    text VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    noted_at TIMESTAMP NOT NULL
);
