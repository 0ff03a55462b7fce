-- one row per statement of what a source reports on, from when to when
CREATE OR REPLACE VIEW coverage AS
SELECT c.*, r.name AS region FROM reporting AS c LEFT JOIN region AS r ON r.region_id = c.region_id
ORDER BY c.source, c.region_id, c.covers_from, c.reported DESC;
