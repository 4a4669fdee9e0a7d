"""Where secrets lie outside the database: in the environment, and in files as containers and systemd mount them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.identity.secrets.faults import UnreadableSecret
from app.identity.secrets.names import MOST, in_environment

PREFIX = "TURNUP_SECRET_"


class Environment:
    """`TURNUP_SECRET_OLT_LON_3` for `olt/lon-3`; an empty one is none."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._values = {name: value for name, value in environ.items() if name.startswith(PREFIX) and value}

    def find(self, name: str) -> str | None:
        return self._values.get(PREFIX + in_environment(name))

    def place(self, name: str) -> str:
        return f"the variable {PREFIX}{in_environment(name)}"


class Files:
    """One file for each secret, read anew each time: mounted secrets are exchanged while processes run.

    The path below the directory is the name. Where no folders can be mounted (systemd's credentials), / is written _.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(self, name: str) -> str | None:
        for path in self._paths(name):
            try:
                return self._read(name, path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, UnicodeDecodeError) as error:
                raise UnreadableSecret(
                    f"{path} cannot be read as the secret {name!r}: {_why(error)}. Make it a UTF-8 text file that this "
                    "process may read.",
                    name=name,
                ) from None
        return None

    def place(self, name: str) -> str:
        return "the file " + " or ".join(str(path) for path in self._paths(name))

    def _paths(self, name: str) -> list[Path]:
        return [self._directory / each for each in dict.fromkeys((name, name.replace("/", "_")))]

    def _read(self, name: str, path: Path) -> str:
        """A link leads to another file of the directory (Kubernetes has them), never out of it."""
        real = path.resolve(strict=True)
        if not real.is_relative_to(self._directory.resolve()):
            raise UnreadableSecret(f"{path} leads out of {self._directory}: put the file itself there.", name=name)
        with real.open("rb") as file:
            raw = file.read(4 * MOST + 3)
        # The end of its only line, as editors and `echo` leave it, is no part of it.
        return raw.removesuffix(b"\n").removesuffix(b"\r").decode()


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "no file") if isinstance(error, OSError) else "no UTF-8"
