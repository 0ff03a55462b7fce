-- title: What records leave out
-- description: Percent of each year's incidents without a region, a district, coordinates, a tactic, or a death toll.
-- chart: line x=year y=no_district,no_tactic,no_toll by=source
SELECT source, year(occurred_on) AS year, count(*) AS incidents,
       round(100.0 * count_if(region_id IS NULL) / count(*), 1)::DOUBLE AS no_region,
       round(100.0 * count_if(district_id IS NULL) / count(*), 1)::DOUBLE AS no_district,
       round(100.0 * count_if(latitude IS NULL OR longitude IS NULL) / count(*), 1)::DOUBLE AS no_coordinates,
       round(100.0 * count_if(tactic IS NULL) / count(*), 1)::DOUBLE AS no_tactic,
       round(100.0 * count_if(killed IS NULL) / count(*), 1)::DOUBLE AS no_toll,
       count_if(date_precision IN ('month', 'year')) AS imprecise_dates
FROM incidents
GROUP BY ALL
ORDER BY source, year;
