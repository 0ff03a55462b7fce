-- title: What each source covers
-- description: Sources, the regions they report on, from when to when, and how that is known.
SELECT source, region, covers_from, covers_until, reported, basis, known_from, note
FROM coverage
ORDER BY source, region, covers_from;
