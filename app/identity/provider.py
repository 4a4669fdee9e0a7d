"""Log-in by a provider of the organisation's own: OpenID Connect, authorization code with PKCE.

What the provider says of somebody decides who they are here and, by their groups, what they may do: anew at each
log-in.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import quote_plus

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import parse_authorization_code_response, prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from app.core.clock import Clock
from app.core.errors import TurnupError, Unauthorized
from app.identity.authority import Grant

TIMEOUT_S = 10
LEEWAY_S = 60  # by which its clock may differ from ours
# Signed with the provider's private key; never `none`, nor a secret that is ours as well
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")

_BASIC = ("client_secret_basic",)  # what a provider takes that says nothing of it


class ProviderSilent(TurnupError):
    """The provider does not answer, or not as it should."""

    status = 502


class ProviderRefused(Unauthorized):
    """The provider let nobody in, or somebody who has nothing to do here."""


@dataclass(frozen=True)
class ProviderSettings:
    """`roles` are the grants of each group; `groups_claim` is where the provider names the groups."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    roles: Mapping[str, Sequence[Grant]]
    name: str = "your organisation"
    groups_claim: str = "groups"
    scopes: str = "openid profile email"


@dataclass(frozen=True)
class Visit:
    """A log-in under way, as it is remembered until the browser comes back."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


@dataclass(frozen=True)
class Known:
    """Who came back. `subject` is unique over all providers."""

    subject: str
    name: str
    grants: Sequence[Grant]
    groups: Sequence[str] = ()


class Provider:
    """Asks the provider what it offers once, and for its keys again when a new one is used."""

    def __init__(self, settings: ProviderSettings, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._lock = Lock()
        self._offers: dict[str, Any] | None = None
        self._keys: KeySet | None = None

    def begin(self, redirect_uri: str) -> tuple[str, Visit]:
        """Where the browser is sent, and what has to be remembered until it comes back."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        url = prepare_grant_uri(
            self._offer("authorization_endpoint"),
            self.settings.client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=self.settings.scopes,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return str(url), Visit(state, nonce, verifier, redirect_uri)

    def finish(self, visit: Visit, answered: Mapping[str, str], address: str) -> Known:
        """Who has come back to that address with that answer. ProviderRefused, ProviderSilent."""
        if "error" in answered:
            told = answered.get("error_description") or answered["error"]
            raise ProviderRefused(f"{self.settings.name} did not let you in: {told[:200]}")
        if answered.get("iss", self.settings.issuer) != self.settings.issuer:
            raise ProviderRefused("Another provider answered than was asked.")
        try:
            code = str(parse_authorization_code_response(address, visit.state)["code"])
            with httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=httpx.create_ssl_context()) as client:
                token = self._exchange(client, code, visit)
                claims = self._check(token, visit.nonce)
                return self._known({**self._ask_about(client, token, claims), **claims})
        except httpx.HTTPError as error:
            raise self._silent(error) from error
        except (AuthlibBaseError, JoseError, ValueError) as error:
            raise ProviderRefused(f"What {self.settings.name} answered is not right: {error}") from error

    def _exchange(self, client: httpx.Client, code: str, visit: Visit) -> dict[str, Any]:
        """Tokens for the code; the verifier proves that it is ours."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": visit.redirect_uri}
        form["code_verifier"] = visit.verifier
        auth: httpx.Auth | None = None
        if "client_secret_basic" in self._offered().get("token_endpoint_auth_methods_supported", _BASIC):
            auth = httpx.BasicAuth(quote_plus(self.settings.client_id), quote_plus(self.settings.client_secret))
        else:
            form |= {"client_id": self.settings.client_id, "client_secret": self.settings.client_secret}
        answer = client.post(self._offer("token_endpoint"), data=form, auth=auth or httpx.USE_CLIENT_DEFAULT)
        if answer.status_code in (400, 401):
            raise ValueError(f"it takes the code for nothing: {answer.text[:200]}")
        answer.raise_for_status()
        token: dict[str, Any] = answer.json()
        return token

    def _check(self, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of the id token, if they are the provider's, for us, in time, and for this visit."""
        written = token.get("id_token")
        if not isinstance(written, str):
            raise ValueError("it has no id token")
        try:
            decoded = jwt.decode(written, self._signing_keys(), algorithms=self._algorithms())
        except InvalidKeyIdError:
            decoded = jwt.decode(written, self._signing_keys(again=True), algorithms=self._algorithms())
        # Authlib holds `azp` to us where it is given, and `aud` to nobody unless told
        wanted = {"iss": self.settings.issuer, "aud": self.settings.client_id}
        options = {name: {"essential": True, "value": value} for name, value in wanted.items()}
        asked = {"nonce": nonce, "client_id": self.settings.client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(decoded.claims, decoded.header, options, asked)
        claims.validate(now=int(self._clock.now().timestamp()), leeway=LEEWAY_S)
        if claims.get("nonce") != nonce:
            raise ValueError("it is for another visit")
        return dict(decoded.claims)

    def _ask_about(self, client: httpx.Client, token: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
        """What the id token did not say: many providers leave groups to the user info."""
        if self.settings.groups_claim in claims or "userinfo_endpoint" not in self._offered():
            return {}
        headers = {"Authorization": f"Bearer {token.get('access_token', '')}"}
        answer = client.get(self._offer("userinfo_endpoint"), headers=headers)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        if told.get("sub") != claims["sub"]:
            raise ValueError("its user info is about somebody else")
        return told

    def _known(self, claims: Mapping[str, Any]) -> Known:
        name = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])
        groups = claims.get(self.settings.groups_claim) or ()
        named = [groups] if isinstance(groups, str) else [str(group) for group in groups]
        grants = {grant for group in named for grant in self.settings.roles.get(group, ())}
        return Known(
            f"{self.settings.issuer} {claims['sub']}", name, sorted(grants), [each[:64] for each in named][:50]
        )

    def _algorithms(self) -> list[str]:
        offered = self._offered().get("id_token_signing_alg_values_supported", ["RS256"])
        return [each for each in _ALGORITHMS if each in offered]

    def _offer(self, name: str) -> str:
        try:
            return str(self._offered()[name])
        except KeyError as error:
            raise ProviderSilent(f"{self.settings.issuer} offers no {name}.") from error

    def _offered(self) -> dict[str, Any]:
        with self._lock:
            if self._offers is None:
                found = self._get(self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration")
                if found.get("issuer") != self.settings.issuer:
                    raise ProviderSilent(
                        f"TURNUP_OIDC_ISSUER is {self.settings.issuer}, and the provider calls itself "
                        f"{found.get('issuer')}. Write it as the provider does."
                    )
                self._offers = found
            return self._offers

    def _signing_keys(self, *, again: bool = False) -> KeySet:
        if self._keys is None or again:
            self._keys = KeySet.import_key_set(self._get(self._offer("jwks_uri")))  # type: ignore[arg-type]  # JSON, which it checks
        return self._keys

    def _get(self, url: str) -> dict[str, Any]:
        try:
            answer = httpx.get(url, timeout=TIMEOUT_S, trust_env=False, verify=httpx.create_ssl_context())
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise self._silent(error) from error
        return found

    def _silent(self, error: Exception) -> ProviderSilent:
        return ProviderSilent(f"{self.settings.issuer} does not answer as it should: {error}. Try again in a while.")
