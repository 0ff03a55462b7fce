-- a place name reduced to what spellings share: no accents, apostrophes, hyphens or words like "province"
CREATE OR REPLACE MACRO place_key(name) AS
    trim(regexp_replace(
        regexp_replace(
            regexp_replace(
                regexp_replace(lower(strip_accents(name)), '[\p{M}''’‘ʿʾʼʻ`´"]', '', 'g'),
                '[-_.,()/]', ' ', 'g'),
            '\b(province|governorate|district|qada|qadha|muhafazat|muhafazah|oblast|region)\b', ' ', 'g'),
        '\s+', ' ', 'g'));
