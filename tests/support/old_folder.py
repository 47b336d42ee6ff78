"""The folder that an older version of the code left, see data_of_old_code/make_campaign.py."""

import tarfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from support.configs import FOUR_SCALES, ROOT, merge

ARCHIVE = ROOT / "tests/data_of_old_code/campaign.tar.xz"


def unpack_old_folder(folder: Path) -> dict[str, Any]:
    """Unpack the archive, with the folder `campaign`, into a folder; return the campaign's configuration."""
    with tarfile.open(ARCHIVE) as archive:
        # Python before 3.11.4 has no filter; later versions warn without one.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    config = deepcopy(FOUR_SCALES)
    merge(config, yaml.safe_load((folder / "campaign/campaign.yaml").read_text(encoding="utf-8")))
    return config
