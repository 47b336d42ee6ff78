"""The targets of the Makefile."""

import re

from support.configs import ROOT

_TEXT = (ROOT / "Makefile").read_text(encoding="utf-8")
BENCHES = re.search(r"^BENCHES := (.+)$", _TEXT, re.MULTILINE)[1].split()
TARGETS = {*re.findall(r"^([a-zA-Z][\w-]*):", _TEXT, re.MULTILINE), *(f"bench-{name}" for name in BENCHES)}
