"""The keys of the encrypted store: the first encrypts, all of them decrypt."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.errors import InvalidSetting
from app.identity.secrets.faults import ChangedSecret, UnknownKey

KEY_BYTES = 32
_NONCE_BYTES = 12
_CONTEXT = b"turnup secret 1"


@dataclass(frozen=True)
class Key:
    """AES-256-GCM under one key. `id` tells keys apart and tells nothing of them."""

    id: str
    _bytes: bytes = field(repr=False)

    def seal(self, name: str, value: str) -> bytes:
        """Encrypted, and bound to its name: under another one it does not open."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._bytes).encrypt(nonce, value.encode(), self._bound(name))

    def open(self, name: str, sealed: bytes) -> str:
        try:
            raw = AESGCM(self._bytes).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._bound(name))
        except (InvalidTag, ValueError):
            raise ChangedSecret(
                f"What is stored as the secret {name!r} was changed by other means than `turnup secret`. Set it again.",
                name=name,
            ) from None
        return raw.decode()

    def _bound(self, name: str) -> bytes:
        return b"\0".join((_CONTEXT, self.id.encode(), name.encode()))


@dataclass(frozen=True)
class Keyring:
    """`where` says in errors where keys are given."""

    keys: tuple[Key, ...]
    where: str

    @property
    def first(self) -> Key:
        """The one that encrypts. UnknownKey if there is none."""
        if not self.keys:
            raise UnknownKey(f"There is no key to encrypt secrets with. Give one in {self.where}.")
        return self.keys[0]

    def of(self, key_id: str, name: str) -> Key:
        """UnknownKey says which key is missing."""
        for key in self.keys:
            if key.id == key_id:
                return key
        known = ", ".join(key.id for key in self.keys) or "none"
        raise UnknownKey(
            f"The secret {name!r} is encrypted with the key {key_id}; this process has {known}. Add that key in "
            f"{self.where}, or set the secret again.",
            name=name,
            key_id=key_id,
        )


def read_keys(text: str, where: str) -> Keyring:
    """Keys of 32 random bytes each, in Base64 of either alphabet, divided by commas or lines; # begins a remark."""
    words = [word for line in text.splitlines() for word in line.split("#")[0].replace(",", " ").split()]
    return Keyring(tuple(_key(word, where) for word in words), where)


def read_key_file(path: Path) -> Keyring:
    """No keys from a file that is not there."""
    try:
        return read_keys(path.read_text(encoding="ascii"), str(path))
    except FileNotFoundError:
        return Keyring((), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(
            f"{path} cannot be read as a file of keys: {error}", variable="TURNUP_SECRETS_KEY_FILE"
        ) from error


def keep_key(path: Path) -> None:
    """Make a key in that file, which only its owner may read; one that is there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")


def _key(word: str, where: str) -> Key:
    text = word.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise InvalidSetting(
            f"A key in {where} is not {KEY_BYTES} bytes in Base64. Make one with: openssl rand -base64 {KEY_BYTES}",
            variable="TURNUP_SECRETS_KEY",
        )
    return Key(hashlib.sha256(_CONTEXT + b" key" + raw).hexdigest()[:16], raw)
