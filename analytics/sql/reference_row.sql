-- one row per row of a reference file as it was loaded; what a newer load says under the same key replaces it
CREATE TABLE IF NOT EXISTS reference_row (
    load_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL,          -- regions, groups, boundaries, events, coverage or tags
    key VARCHAR NOT NULL,
    row VARCHAR NOT NULL            -- its columns as text, as JSON
);
