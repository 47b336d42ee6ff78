"""Write the page to standard output: see `support.hostile.page`."""

import sys

from support.hostile.page import table

sys.stdout.write(table())
