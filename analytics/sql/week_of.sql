-- the first day of the week that contains a day; weeks start on the named weekday
CREATE OR REPLACE MACRO week_of(day, week_start := 'monday') AS
    CAST(day AS DATE) - CAST((isodow(day) - list_position(
        ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'], lower(week_start)) + 7) % 7 AS INTEGER);
