-- one row per dated event loaded, in place of all before
DELETE FROM dated_event;
INSERT INTO dated_event
SELECT f.row ->> 'event_id', f.row ->> 'kind', f.row ->> 'name', CAST(f.row ->> 'starts_on' AS DATE),
       CAST(coalesce(nullif(f.row ->> 'ends_on', ''), f.row ->> 'starts_on') AS DATE),
       list_filter(list_transform(string_split(f.row ->> 'regions', '|'), lambda id: trim(id)), lambda id: id <> ''),
       nullif(f.row ->> 'source', ''), nullif(f.row ->> 'notes', ''), f.load_id
FROM in_force AS f WHERE f.kind = 'events';
