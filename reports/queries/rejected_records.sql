-- title: Why records were rejected
-- description: Rejected records by file, column and reason, with one of the values.
-- chart: bar x=reason,column,file y=records
SELECT file, "column", reason, count(*) AS records, min(value) AS a_value, min(record) AS first_record
FROM rejects
GROUP BY ALL
ORDER BY records DESC, file, "column", reason;
