-- one row per reported place and stretch of time, as it was resolved anew
DELETE FROM place;
INSERT INTO place FROM resolved;
