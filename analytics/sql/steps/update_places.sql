-- each reported place takes the region that was found for it
UPDATE place SET region_id = r.region_id, district_id = r.district_id, problem = r.problem
FROM moved AS r WHERE place.rowid = r.id;
