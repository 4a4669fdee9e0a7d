"""What the environment decides."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from app.core.errors import InvalidSetting

MOST_THREADS = 256
_HOST = re.compile(r"\.?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")


@dataclass(frozen=True)
class OidcSettings:
    """The provider that logs people in; `roles` are pairs of one of its groups and a role, such as `lead@ftth`."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    roles: tuple[tuple[str, str], ...]
    name: str
    groups_claim: str
    scopes: str


@dataclass(frozen=True)
class Settings:
    """Everything the environment decides, checked."""

    database_url: str
    data_dir: Path
    host: str
    port: int
    # Threads that run handlers; 0 leaves that to other processes on the same PostgreSQL
    workers: int
    lab_url: str
    # How long a session of the dashboard lasts: unused, and at most
    session_idle: timedelta = timedelta(hours=1)
    session_longest: timedelta = timedelta(hours=12)
    # Beside public addresses, what a URL that comes with an order may lead to
    allowed_networks: str = ""
    four_eyes: tuple[str, ...] = ()  # permissions whose use needs a second person
    oidc: OidcSettings | None = None  # None: everybody has a password here
    # Reverse proxies that stand before the server: so many X-Forwarded headers are believed
    proxies: int = 0
    # The names that the server goes by; none: any that it is asked by
    trusted_hosts: tuple[str, ...] = ()
    # Requests a second that one caller is answered, by each process
    rate_per_s: int = 1000
    # Seconds without a sign of life after which a worker's claims are taken over
    lease_s: int = 30
    # Instances and steps that may wait for a worker before no more are taken in; 0: any number
    intake_limit: int = 10_000
    metrics: str = "open"  # who reads /metrics: open | token | off
    # Where a process without an HTTP server of its own is watched; None: nowhere.
    metrics_port: int | None = None
    traces: str = ""  # where traces are sent: otlp, or nowhere
    # Where handlers' secrets lie as files, and the keys that those in the database are encrypted with
    secrets_dir: Path | None = None
    secrets_key: str = field(default="", repr=False)
    secrets_key_file: Path | None = None
    # Where scenarios are saved, in folders of that name; None: beside the flows that came with this release
    scenarios_dir: Path | None = None
    personal_fields: frozenset[str] = frozenset()  # variables and inputs that are masked wherever they are shown

    @property
    def is_shared(self) -> bool:
        """Whether other processes may work on the database."""
        return not self.database_url.startswith("sqlite")


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the TURNUP_ variables. Raises InvalidSetting naming the variable, what was found and what is expected."""
    data_dir = Path(environ.get("TURNUP_DATA_DIR") or "var").expanduser().absolute()
    database_url = _database_url(environ, data_dir)
    least = 1 if database_url.startswith("sqlite") else 0
    return Settings(
        database_url=database_url,
        data_dir=data_dir,
        host=environ.get("TURNUP_HOST") or "127.0.0.1",
        port=_whole(environ, "TURNUP_PORT", default=8080, low=1, high=65535),
        workers=_whole(environ, "TURNUP_HANDLER_THREADS", default=8, low=least, high=MOST_THREADS),
        lab_url=_lab_url(environ),
        session_idle=timedelta(minutes=_whole(environ, "TURNUP_SESSION_IDLE_MIN", default=60, low=1, high=24 * 60)),
        session_longest=timedelta(hours=_whole(environ, "TURNUP_SESSION_LONGEST_H", default=12, low=1, high=7 * 24)),
        allowed_networks=_networks(environ),
        four_eyes=_listed(environ, "TURNUP_FOUR_EYES"),
        oidc=_oidc(environ),
        proxies=_whole(environ, "TURNUP_PROXIES", default=0, low=0, high=8),
        trusted_hosts=_hosts(environ),
        rate_per_s=_whole(environ, "TURNUP_RATE_PER_S", default=1000, low=1, high=1_000_000),
        lease_s=_whole(environ, "TURNUP_LEASE_S", default=30, low=3, high=3600),
        intake_limit=_whole(environ, "TURNUP_INTAKE_LIMIT", default=10_000, low=0, high=10_000_000),
        metrics=_one_of(environ, "TURNUP_METRICS", "open", "token", "off"),
        metrics_port=_whole(environ, "TURNUP_METRICS_PORT", default=0, low=0, high=65535) or None,
        traces=_one_of(environ, "TURNUP_TRACES", "", "otlp"),
        secrets_dir=_path(environ, "TURNUP_SECRETS_DIR"),
        secrets_key=environ.get("TURNUP_SECRETS_KEY", ""),
        secrets_key_file=_path(environ, "TURNUP_SECRETS_KEY_FILE"),
        scenarios_dir=_path(environ, "TURNUP_SCENARIOS_DIR"),
        personal_fields=frozenset(environ.get("TURNUP_PERSONAL_FIELDS", "").replace(",", " ").split()),
    )


def with_threads(settings: Settings, threads: int | None) -> Settings:
    """With the number of handler threads that the command line asks for, if it does."""
    if threads is None:
        return settings
    least = 0 if settings.is_shared else 1
    if not least <= threads <= MOST_THREADS:
        raise _wrong("--threads", str(threads), f"a whole number from {least} to {MOST_THREADS}")
    return replace(settings, workers=threads)


def _listed(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(filter(None, (each.strip() for each in environ.get(name, "").split(","))))


def _hosts(environ: Mapping[str, str]) -> tuple[str, ...]:
    found = tuple(each.lower() for each in _listed(environ, "TURNUP_TRUSTED_HOSTS"))
    if not all(_HOST.fullmatch(each) for each in found):
        expected = "names such as turnup.example.net, .example.net, without a port"
        raise _wrong("TURNUP_TRUSTED_HOSTS", repr(environ["TURNUP_TRUSTED_HOSTS"]), expected)
    return found


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    found = environ.get(name)
    return Path(found).expanduser().absolute() if found else None


def _database_url(environ: Mapping[str, str], data_dir: Path) -> str:
    found = environ.get("TURNUP_DATABASE_URL")
    if not found:
        return f"sqlite:///{data_dir / 'turnup.sqlite'}"
    if found.startswith("postgres://"):
        found = "postgresql" + found.removeprefix("postgres")
    if found.startswith("postgresql://"):
        found = "postgresql+psycopg" + found.removeprefix("postgresql")
    path = found.removeprefix("sqlite:///")
    if not (found.startswith("postgresql+psycopg://") or (path != found and path and not path.startswith(":"))):
        # A URL may carry a password: only its scheme is shown.
        raise _wrong(
            "TURNUP_DATABASE_URL", found.split(":", 1)[0] + ":...", "sqlite:///<file> or postgresql://<host>/<name>"
        )
    return found


def _oidc(environ: Mapping[str, str]) -> OidcSettings | None:
    issuer = environ.get("TURNUP_OIDC_ISSUER")
    if not issuer:
        return None
    if not issuer.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise _wrong("TURNUP_OIDC_ISSUER", repr(issuer), "an address that begins with https://")
    for name in ("TURNUP_OIDC_CLIENT_ID", "TURNUP_OIDC_CLIENT_SECRET", "TURNUP_OIDC_ROLES"):
        if not environ.get(name):
            raise _wrong(name, "empty", "a value, because TURNUP_OIDC_ISSUER is set")
    pairs = [each.strip().partition("=") for each in environ["TURNUP_OIDC_ROLES"].split(",") if each.strip()]
    if not all(group and role for group, _, role in pairs):
        raise _wrong("TURNUP_OIDC_ROLES", repr(environ["TURNUP_OIDC_ROLES"]), "<group>=<role>, <group>=<role>, ...")
    return OidcSettings(
        issuer=issuer,
        client_id=environ["TURNUP_OIDC_CLIENT_ID"],
        client_secret=environ["TURNUP_OIDC_CLIENT_SECRET"],
        roles=tuple((group.strip(), role.strip()) for group, _, role in pairs),
        name=environ.get("TURNUP_OIDC_NAME") or "your organisation",
        groups_claim=environ.get("TURNUP_OIDC_GROUPS_CLAIM") or "groups",
        scopes=environ.get("TURNUP_OIDC_SCOPES") or "openid profile email",
    )


def _lab_url(environ: Mapping[str, str]) -> str:
    found = environ.get("TURNUP_LAB_URL") or "http://127.0.0.1:8090"
    parts = urlsplit(found)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _wrong("TURNUP_LAB_URL", repr(found), "an address such as http://127.0.0.1:8090")
    return found.rstrip("/")


def _networks(environ: Mapping[str, str]) -> str:
    found = environ.get("TURNUP_ALLOWED_NETWORKS", "")
    for each in filter(None, (part.strip() for part in found.split(","))):
        try:
            ip_network(each)
        except ValueError as error:
            expected = "networks such as 10.20.0.0/16, 2001:db8::/32"
            raise _wrong("TURNUP_ALLOWED_NETWORKS", repr(found), expected) from error
    return found


def _whole(environ: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    found = environ.get(name) or str(default)
    if not (found.isascii() and found.isdigit() and low <= int(found) <= high):
        raise _wrong(name, repr(found), f"a whole number from {low} to {high}")
    return int(found)


def _one_of(environ: Mapping[str, str], name: str, *known: str) -> str:
    """The first is the default."""
    found = environ.get(name) or known[0]
    if found not in known:
        raise _wrong(name, repr(found), " or ".join(each for each in known if each))
    return found


def _wrong(name: str, found: str, expected: str) -> InvalidSetting:
    return InvalidSetting(f"{name} is {found}; expected {expected}", variable=name)
