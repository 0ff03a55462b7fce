-- one row per statement of coverage that counts: what was only assumed gives way to a coverage file of the same source
CREATE OR REPLACE VIEW coverage_in_force AS
SELECT c.* FROM reporting AS c
WHERE c.basis <> 'assumed' OR NOT EXISTS (FROM reporting AS f WHERE f.source = c.source AND f.basis = 'file');
