"""Reading of people's own CSV files in any common layout.

A file is recognised by its whole header. What is unambiguous is read as it is, and the reading is recorded;
what could be read in two ways is refused with the key that decides it. Nothing is guessed, repaired or
skipped silently.

    declared.py        the keys of a ticker's entry that decide what is ambiguous
    form.py            the separator, the header lines and the names of the columns
    names.py           what each name means, and the layouts that are known by name
    meanings.py        which column is which, and what is wrong with a header
    cells.py           lines into columns of text, with the line of each row
    rows.py            the rows of one ticker
    dates.py           text into dates and times of day
    days.py            dates and times into days of the exchange; the interval of the bars
    date_column.py     the one form of a file's dates
    numbers.py         text into numbers
    number_columns.py  the one sign for decimals of a file
    adjusted.py        an adjusted close, dividends and splits beside the prices
    record.py          the record of a reading, and its description in a line
    own_table.py       what is found in a file
    reading.py         all of it: bytes into bars
"""
