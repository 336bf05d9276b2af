"""What the tests of the packages share."""

import os
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("WHERRY_RUNTIME") or str(CHECKOUT / ".build/release/wherry")


def pages(directory):
    """Writes the manual pages."""
    subprocess.run([CHECKOUT / "packaging/pages", PROGRAM, directory], check=True)
