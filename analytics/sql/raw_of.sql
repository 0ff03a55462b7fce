-- all columns of the source's record as JSON: the cells that were kept, and those that the incident's own columns give back
CREATE OR REPLACE MACRO raw_of(layout, kept, source_id, {{bare}}) AS
CASE layout WHEN 0 THEN kept ELSE CAST(to_json(map(
    list_transform(layout_columns(layout), lambda c: c.name),
    list_transform(             -- of one element, so that what is kept is taken apart once for a record and not for each cell
        [CAST(CAST(coalesce(kept, '{}') AS JSON) AS MAP(VARCHAR, VARCHAR))],
        lambda k: list_transform(layout_columns(layout), lambda c:
            CASE WHEN map_contains(k, c.name) THEN k[c.name]
                 ELSE CASE c.ours WHEN 'source_id' THEN source_id {{ours}} END END))[1])) AS VARCHAR) END;
