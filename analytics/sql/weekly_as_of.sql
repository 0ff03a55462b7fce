-- one row per week and region, as it was known at a moment
CREATE OR REPLACE MACRO weekly_as_of(
    ts, level, measure := 'incidents', source := NULL, "where" := true, week_start := 'monday',
    first := NULL, last := NULL, dates := 'exclude', empty := 0
) AS TABLE
    FROM weekly(level, measure := measure, source := source, "where" := "where", week_start := week_start,
                first := first, last := last, as_of := ts, dates := dates, empty := empty);
