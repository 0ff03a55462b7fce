-- one row per region and each region above it (itself included)
CREATE OR REPLACE VIEW lineage AS
WITH RECURSIVE up AS (
    SELECT region_id, region_id AS ancestor_id, parent_id, level AS ancestor_level FROM region
    UNION
    SELECT u.region_id, r.region_id, r.parent_id, r.level
    FROM up AS u JOIN region AS r ON r.region_id = u.parent_id
)
SELECT region_id, ancestor_id, ancestor_level FROM up;
