-- one row per distinct coordinates of incidents that lie in or near a boundary
CREATE TABLE IF NOT EXISTS point (
    longitude DOUBLE NOT NULL,
    latitude DOUBLE NOT NULL,
    inside VARCHAR[] NOT NULL,      -- regions whose boundary holds it, the smallest first
    near VARCHAR[] NOT NULL         -- of levels where none does: regions within their tolerance, the nearest first
);
