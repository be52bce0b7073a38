"""Secrets at rest: one key per purpose, derived from SECRET_KEY."""

import base64
import hashlib
import hmac
from functools import cached_property

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from emeter_storage.errors import UserError

_KEY_BYTES = 32


class Vault:
    """Encrypts and decrypts with keys derived (HKDF-SHA256) from the installation's SECRET_KEY.

    What was written with `old_key` can still be read, so that a key can be changed while it runs.
    """

    def __init__(self, secret_key: str, old_key: str = "") -> None:
        self._secrets = [key.encode() for key in (secret_key, old_key) if key]
        self._boxes: dict[str, MultiFernet] = {}

    def seal(self, purpose: str, plain: bytes) -> bytes:
        """Encrypt `plain` for `purpose`; it can be opened for the same purpose only."""
        return self._box(purpose).encrypt(plain)

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` made; raises UserError where no key of ours fits."""
        try:
            return self._box(purpose).decrypt(sealed)
        except InvalidToken:
            raise UserError(
                "A stored secret cannot be read with this SECRET_KEY: set the one it was written with,"
                " as SECRET_KEY or SECRET_KEY_OLD."
            ) from None

    def keys(self, purpose: str) -> list[bytes]:
        """The keys for a purpose that signs by itself, 32 bytes each: today's first, then the old one."""
        return [self._derive(secret, purpose) for secret in self._secrets]

    @cached_property
    def fingerprint(self) -> bytes:
        """What may be stored to recognise the key: 16 bytes that do not give it away."""
        return self._fingerprint(self._secrets[0])

    @cached_property
    def old_fingerprints(self) -> frozenset[bytes]:
        """The fingerprints of the keys that may still be read with."""
        return frozenset(map(self._fingerprint, self._secrets[1:]))

    def _fingerprint(self, secret: bytes) -> bytes:
        return hmac.new(self._derive(secret, "fingerprint"), b"e-meter", hashlib.sha256).digest()[:16]

    def _box(self, purpose: str) -> MultiFernet:
        box = self._boxes.get(purpose)
        if box is None:
            keys = (base64.urlsafe_b64encode(self._derive(secret, purpose)) for secret in self._secrets)
            box = self._boxes[purpose] = MultiFernet([Fernet(key) for key in keys])
        return box

    @staticmethod
    def _derive(secret: bytes, purpose: str) -> bytes:
        return HKDF(SHA256(), _KEY_BYTES, salt=None, info=f"e-meter {purpose}".encode()).derive(secret)
