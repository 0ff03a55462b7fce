-- title: Large revisions
-- description: Later versions of a record that changed one of its figures by at least so many.
-- param: figure text = killed | killed, wounded, killed_civilians, killed_security, ...
-- param: change integer = 3 | smallest change, up or down
-- chart: bar x=incident_id,revised_at y=difference
SELECT r.revised_at, r.incident_id, i.occurred_on, i.admin1, i.location, r.field, r.old, r.new,
       CAST(r.new AS BIGINT) - CAST(r.old AS BIGINT) AS difference
FROM revisions AS r LEFT JOIN incidents AS i ON i.incident_id = r.incident_id
WHERE r.field = $figure
  AND abs(TRY_CAST(r.new AS BIGINT) - TRY_CAST(r.old AS BIGINT)) >= $change
ORDER BY r.revised_at DESC, r.incident_id;
