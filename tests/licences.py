"""Under which licences what servers run stands: python -m tests.licences writes them down and fails for one that will not do."""

import re
import sys
from importlib.metadata import metadata
from pathlib import Path

LOCK = Path(__file__).parent.parent / "locks" / "otel.lock"

ALLOWED = {
    "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CNRI-Python", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0",
}  # fmt: skip
# docs/decisions/0011-supply-chain.md says why these may be LGPL-3.0
LESSER = {"psycopg", "psycopg-binary", "psycopg-pool", "spiffworkflow"}
# As packages put it that know no SPDX
SPOKEN = {
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "lGPLv3": "LGPL-3.0-only",
}


def run_by_servers() -> list[str]:
    return re.findall(r"^([a-z0-9-]+)==", LOCK.read_text(), re.MULTILINE)


def licence_of(package: str) -> str:
    """As an SPDX expression where the package gives one, else in its own words."""
    known = metadata(package)
    said = known.get("License-Expression") or known.get("License")
    if not said:
        classifiers = known.get_all("Classifier") or []
        said = next((each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License")), "none named")
    return SPOKEN.get(said, said)


def will_do(package: str, licence: str) -> bool:
    """Of alternatives one is enough; of what holds together, all."""
    allowed = ALLOWED | ({"LGPL-3.0-only"} if package in LESSER else set())
    together = re.sub(r"\(([^()]+)\)", lambda inner: "MIT" if any_allowed(inner[1], allowed) else "no", licence)
    return all(any_allowed(each, allowed) for each in together.split(" AND "))


def any_allowed(alternatives: str, allowed: set[str]) -> bool:
    return any(each.strip() in allowed for each in alternatives.split(" OR "))


def main() -> int:
    found = {package: licence_of(package) for package in run_by_servers()}
    print("| package | version | licence |\n|---|---|---|")
    for package, licence in found.items():
        print(f"| {package} | {metadata(package)['Version']} | {licence} |")
    refused = [f"{package} ({licence})" for package, licence in found.items() if not will_do(package, licence)]
    if refused:
        print(f"Not on the list of tests/licences.py: {', '.join(refused)}", file=sys.stderr)
    return bool(refused)


if __name__ == "__main__":
    sys.exit(main())
