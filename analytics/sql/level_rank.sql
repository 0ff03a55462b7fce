-- how fine a level is: 1 country, 2 admin1, 3 admin2
CREATE OR REPLACE MACRO level_rank(level) AS list_position(['country', 'admin1', 'admin2'], level);
