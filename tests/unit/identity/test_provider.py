"""What a provider says of somebody is believed if it is the provider's own, for us, in time and for this visit."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from app.core.clock import FixedClock
from app.identity.authority import Grant
from app.identity.provider import Provider, ProviderRefused, ProviderSettings, ProviderSilent, Visit
from tests.factories.labs import serving

BACK = "https://turnup.example/login/provider/back"
THEIRS, ANOTHERS = (ECKey.generate_key("P-256", {"kid": "1", "use": "sig", "alg": "ES256"}) for _ in range(2))
Claims = dict[str, Any]
Write = Callable[[Claims], str]


def signed(claims: Claims, key: ECKey = THEIRS, **header: Any) -> str:
    return jwt.encode({"alg": "ES256", "kid": "1", **header}, claims, key)


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(claims: Claims) -> str:
    return f"{part({'alg': 'none', 'kid': '1'})}.{part(claims)}."


def changed(claims: Claims) -> str:
    head, _, signature = signed({**claims, "sub": "eve"}).split(".")
    return f"{head}.{part(claims)}.{signature}"


def signed_with_what_everybody_knows(claims: Claims) -> str:
    """The public key as a shared secret."""
    secret = OctKey.import_key(json.dumps(THEIRS.as_dict(private=False)))
    return jwt.encode({"alg": "HS256", "kid": "1"}, claims, secret, algorithms=["HS256"])


class Site:
    """A provider that answers as a test wants: `write` makes its id token of the claims, `calls_itself` is its issuer."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.url = ""
        self.calls_itself = ""
        self.asked: list[str] = []
        self.claims: Claims = {}
        self.write: Write = signed

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.asked.append(path)
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(self.answers(path)).encode()]

    def answers(self, path: str) -> Any:
        if path == "/jwks":
            return {"keys": [THEIRS.as_dict(private=False)]}
        if path == "/token":
            return {"access_token": "a", "token_type": "Bearer", "id_token": self.write(self.claims)}
        return {
            "issuer": self.calls_itself or self.url,
            **{f"{name}_endpoint": f"{self.url}/{name}" for name in ("authorization", "token")},
            "jwks_uri": f"{self.url}/jwks",
            # It offers more than is taken
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        }

    def log_in(self, write: Write = signed, **claims: Any) -> str:
        """Who is let in, by an id token with these claims; None leaves one out."""
        provider = Provider(ProviderSettings(self.url, "turnup", "a-secret", {"noc": [Grant("operator")]}), self.clock)
        _, visit = provider.begin(BACK)
        now = int(self.clock.now().timestamp())
        right = {"iss": self.url, "sub": "grace", "aud": "turnup", "exp": now + 300, "iat": now, "nonce": visit.nonce}
        told = {**right, "groups": ["noc"], **claims}
        self.claims = {name: value for name, value in told.items() if value is not None}
        self.write = write
        return self.finish(provider, visit)

    def finish(self, provider: Provider, visit: Visit) -> str:
        answered = {"state": visit.state, "code": "c"}
        return provider.finish(visit, answered, f"{BACK}?code=c&state={visit.state}").subject


@pytest.fixture
def site(clock: FixedClock) -> Iterator[Site]:
    made = Site(clock)
    with serving(made) as made.url:
        yield made


def test_whom_it_knows_is_known_by_its_own_name_and_theirs(site: Site) -> None:
    assert site.log_in() == f"{site.url} grace"
    assert site.log_in(aud=["turnup"]) == f"{site.url} grace"


@pytest.mark.parametrize(
    "write",
    [
        unsigned,
        changed,
        signed_with_what_everybody_knows,
        lambda claims: signed(claims, ANOTHERS),
        lambda claims: signed(claims, ANOTHERS, jwk=ANOTHERS.as_dict(private=False)),
        lambda claims: signed(claims, ANOTHERS, kid="2", jwk=ANOTHERS.as_dict(private=False)),
        lambda claims: signed(claims, ANOTHERS, jku="https://evil.example/jwks"),
        lambda claims: "no.token.atall",
    ],
    ids=["unsigned", "changed", "by a known secret", "another key", "its own key", "its own key and name", "a key elsewhere", "none"],
)
def test_what_it_did_not_sign_itself_is_not_believed(site: Site, write: Write) -> None:
    with pytest.raises(ProviderRefused, match="is not right"):
        site.log_in(write)
    assert all(path in ("/.well-known/openid-configuration", "/token", "/jwks") for path in site.asked)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": "another", "azp": "turnup"},
        {"aud": ["another", "a third"], "azp": "turnup"},
        {"aud": None},
        {"nonce": "of another visit"},
        {"nonce": None},
        {"exp": None},
        {"sub": None},
    ],
    ids=str,
)
def test_what_is_not_for_us_or_not_for_this_visit_is_not_believed(site: Site, claims: Claims) -> None:
    with pytest.raises(ProviderRefused, match="is not right"):
        site.log_in(**claims)


@pytest.mark.parametrize(("name", "seconds"), [("exp", -61), ("nbf", 61), ("iat", 61)])
def test_what_is_over_or_has_not_begun_is_not_believed(site: Site, name: str, seconds: int) -> None:
    now = int(site.clock.now().timestamp())
    with pytest.raises(ProviderRefused, match="is not right"):
        site.log_in(**{name: now + seconds})
    assert site.log_in(**{name: now + seconds + (2 if name == "exp" else -2)})


def test_a_provider_that_calls_itself_otherwise_is_not_asked(site: Site) -> None:
    site.calls_itself = "https://evil.example"
    with pytest.raises(ProviderSilent, match=r"calls itself https://evil\.example"):
        site.log_in()
