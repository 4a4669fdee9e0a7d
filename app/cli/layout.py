"""A place for each shape of a diagram that has none: bpmn-auto-layout, by the Node of this machine.

The one that the modeler's page uses as well. Only the command line starts it: the script is a part of ours, the diagram
is what it reads.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from app.core.errors import TurnupError
from app.factory import STATIC

SCRIPT = STATIC / "vendor" / "editors" / "layout.js"
LONGEST_S = 60
_REASON = re.compile(r"^\w*Error: (.+)$", re.MULTILINE)
_RUN = (
    "require(process.argv[1]); let text = ''; process.stdin.on('data', (part) => { text += part; })"
    ".on('end', async () => process.stdout.write(await layOut(text)));"
)


class NoLayout(TurnupError):
    """A diagram could not be laid out."""


def lay_out(document: bytes) -> bytes:
    """The diagram, laid out; what it says is the same. NoLayout says why it is not."""
    beside = Path(sys.executable).with_name("node")
    node = shutil.which("node") or (str(beside) if beside.exists() else None)
    if node is None or not SCRIPT.exists():
        lacking = "there is no Node here" if node is None else "`make parts` has not been run"
        raise NoLayout(f"It was not laid out: {lacking}. The modeler's page lays it out when it is imported there.")
    try:
        run = [node, "--eval", _RUN, str(SCRIPT)]
        done = subprocess.run(run, input=document, capture_output=True, timeout=LONGEST_S, check=True)
    except subprocess.TimeoutExpired as error:
        raise NoLayout(f"It was not laid out within {LONGEST_S} s. Draw it in the modeler.") from error
    except subprocess.CalledProcessError as error:
        said = _REASON.search(error.stderr.decode(errors="replace"))
        raise NoLayout(f"It could not be laid out: {said[1][:200] if said else 'no reason given'}.") from error
    return done.stdout
