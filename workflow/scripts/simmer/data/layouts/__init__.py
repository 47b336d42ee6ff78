"""Reading of people's own CSV files in any common layout.

A file is recognised by its whole header. What is unambiguous is read as it is, and the reading is recorded;
what could be read in two ways is refused with the key that decides it. Nothing is guessed, repaired or
skipped silently.

    form.py      the separator, the header lines and the names of the columns
    names.py     what each name means, and the layouts that are known by name
    cells.py     lines into columns of text, with the line of each row
    dates.py     text into dates and times of day
    days.py      dates and times into days of the exchange; the interval of the bars
    numbers.py   text into numbers
    tickers.py   the rows of one ticker
    adjusted.py  an adjusted close, dividends and splits beside the prices
    record.py    the record of a reading, and its description in a line
    reading.py   all of it: bytes into bars
"""
