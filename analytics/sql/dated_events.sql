-- one row per dated event
CREATE OR REPLACE VIEW dated_events AS SELECT * FROM dated_event ORDER BY starts_on, event_id;
