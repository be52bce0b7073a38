"""Where this machine keeps the certificate authorities that it trusts."""

import ssl
from pathlib import Path

import certifi

_SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS
)


def authorities() -> str:
    """The file of trusted authorities: the system's, where one can add one's own, else the one of certifi.

    `SSL_CERT_FILE` wins, by way of `ssl`. libcurl reads the file once and keeps it for a day.
    """
    chosen = ssl.get_default_verify_paths().cafile
    for file in (chosen, *_SYSTEM_FILES):
        if file and Path(file).is_file():
            return file
    return certifi.where()
