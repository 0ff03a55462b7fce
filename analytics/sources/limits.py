"""How much of a file is taken before it is refused: what no honest file needs, and what would cost memory or days."""

LONGEST_LINE = 64 << 20
"""Bytes of a line of CSV. Records of more than 2 MB are rejected one by one; a line beyond this is no table."""
LONGEST_HEADER = 2_000_000
"""Characters of the line of column names, which is held in memory."""
MOST_COLUMNS = 4_096
"""Columns of a table. The widest that we know has 135; the work for a row grows with them."""
LONGEST_RECORD = 16 << 20
"""Characters of one JSON record, which is held in memory some ten times over."""
MOST_MALFORMED = 100_000
"""Malformed lines that are kept with their text; a file with more is something else than it was taken for."""
MOST_UNPACKED = 32 << 30
"""Bytes that an archive may unpack to, twenty times the largest file that loading is measured with."""
MOST_RATIO = 200
"""Bytes unpacked for one packed. Tables reach 5 to 50, a zip bomb a thousand."""
RATIO_FROM = 64 << 20
"""Bytes unpacked before the ratio counts: a small table of equal rows may pack as well as it likes."""
MOST_PART = 64 << 20
"""Bytes of any other part of a workbook but its sheets, which is held in memory."""
SMALL_SHEET = 8 << 20
"""Bytes of a sheet up to which it does not matter what it is made of."""
MOST_ELEMENTS = 1 << 20
"""XML elements between two rows of a sheet, which are held in memory. A row of all of Excel's columns has a tenth."""
MOST_ROWS = 4 << 20
"""Rows of a sheet, each of which leaves something in memory: four times what Excel has."""
MOST_BLANK = 1 << 20
"""Blank rows of a sheet one after another: as many as Excel has in all. A row's number may say anything."""
SAMPLED = 1_000
"""Lines from which on the start of a file can show that it is no table."""
FEWEST_FITTING = 0.01
"""Share of the first lines that must have the fields of the header, lest a file be read to its end to find nothing."""
MOST_STRINGS = 512 << 20
"""Bytes of the table of strings of a workbook, which is held in memory."""
