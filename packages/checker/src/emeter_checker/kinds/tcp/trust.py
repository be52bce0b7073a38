"""Whom a TLS connection trusts, and what its certificate says."""

import ssl
from functools import cache, lru_cache

from emeter_checker.kinds.evidence import Certificate
from emeter_core.outcome import Reason

# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_REASONS = {
    9: Reason.CERTIFICATE_EXPIRED,  # not yet valid
    10: Reason.CERTIFICATE_EXPIRED,
    62: Reason.CERTIFICATE_WRONG_HOST,
    64: Reason.CERTIFICATE_WRONG_HOST,  # an address that is not in it
}

# Python's own, but for Diffie-Hellman in a group of the server's choice: one of 10,000 bits takes 0.6 s.
_CIPHERS = "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"


@cache
def context(ca_file: str, *, verify: bool) -> ssl.SSLContext:
    """A context that trusts the authorities in a file, which is read once; without `verify`, anybody."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.set_ciphers(_CIPHERS)
    if verify:
        made.load_verify_locations(ca_file)
    else:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def of_error(error: ssl.SSLError) -> Reason:
    """The reason for a handshake that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _REASONS.get(error.verify_code, Reason.CERTIFICATE_UNTRUSTED)
    return Reason.TLS_FAILED


def tls_words_of(error: ssl.SSLError) -> str:
    """What OpenSSL says of it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    # One that is not OpenSSL's has no such attribute.
    return str(getattr(error, "reason", None) or "").replace("_", " ").lower() or str(error.args[-1])


@lru_cache(4096)
def read_certificate(der: bytes) -> Certificate | None:
    """Read a certificate; None where it makes no sense."""
    from cryptography import x509  # noqa: PLC0415 - 30 ms at the start of processes that never see one

    try:
        found = x509.load_der_x509_certificate(der)
        return Certificate(
            found.subject.rfc4514_string(), found.issuer.rfc4514_string(), found.not_valid_after_utc
        )
    except ValueError:
        return None
