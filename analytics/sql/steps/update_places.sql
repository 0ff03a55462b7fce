-- each reported place takes the region that was found for it
UPDATE place SET region_id = r.region_id, problem = r.problem FROM resolved AS r WHERE place.rowid = r.id;
