-- one row per tag rule loaded: incidents for which its condition holds bear the tag
CREATE TABLE IF NOT EXISTS tag_rule (
    tag VARCHAR NOT NULL,
    "where" VARCHAR NOT NULL,
    meaning VARCHAR,
    load_id INTEGER NOT NULL
);
