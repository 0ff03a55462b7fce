-- one row per header of a loaded file, with the columns of ours that its columns became
CREATE TABLE IF NOT EXISTS layout (
    layout_id BIGINT NOT NULL,      -- made from header
    header VARCHAR NOT NULL         -- name and ours (null: none) of each column, as JSON
);
