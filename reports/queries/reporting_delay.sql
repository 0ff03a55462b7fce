-- title: How long records take to arrive
-- description: Days from an incident to the first version of its record, by source and month of the incident.
-- chart: line x=month y=median_days,days_for_nine_of_ten by=source
SELECT source, date_trunc('month', occurred_on) AS month, count(*) AS incidents,
       median(known_from::DATE - occurred_on) AS median_days, quantile_cont(known_from::DATE - occurred_on, 0.9) AS days_for_nine_of_ten
FROM versions
WHERE version = 1 AND known_basis <> 'occurred'
GROUP BY ALL
ORDER BY source, month;
