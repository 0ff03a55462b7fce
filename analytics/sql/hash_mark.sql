-- one row: the checksum of a made-up state, by which it is seen that the database works checksums out in another way than before
SELECT {{hash p}} AS hash_mark
FROM (SELECT {{made_up}}) AS p;
