"""The tokens in the URLs of heartbeats: made here or brought along, found by their digest."""

import hashlib
import re
import secrets

from emeter_core.vault import Vault

PURPOSE = "heartbeat token"
_BYTES = 24
# Those of Healthchecks are uuids, those of Uptime Kuma 32 letters and digits; its first versions had ten.
_GIVEN = re.compile(r"[A-Za-z0-9_-]{10,64}")


def new_token() -> str:
    """A token of 192 random bits, 32 characters that need no escape in a URL."""
    return secrets.token_urlsafe(_BYTES)


def clean_token(text: str) -> str:
    """A token that is brought along from elsewhere; raises ValueError in plain words."""
    token = text.strip()
    if not _GIVEN.fullmatch(token):
        raise ValueError("must be 10 to 64 letters, digits, - or _")
    return token


def digest_of(token: str) -> bytes:
    """What a token is found by."""
    return hashlib.sha256(token.encode("utf-8", errors="surrogatepass")).digest()


def seal_token(token: str, vault: Vault) -> bytes:
    """A token as it is stored, for those who may read its URL."""
    return vault.seal(PURPOSE, token.encode())


def open_token(sealed: bytes, vault: Vault) -> str:
    """The token that `seal_token` sealed; raises UserError where the key is another."""
    return vault.open(PURPOSE, sealed).decode()
