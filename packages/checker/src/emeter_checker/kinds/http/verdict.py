"""From libcurl's codes to a reason. Pure tables."""

import pycurl

from emeter_core.outcome import Reason

# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_CERTIFICATES = {
    # libcurl compares the name itself, and before it asks OpenSSL for the result of the chain:
    # it then tells the value that it began with (1 in libcurl 8.23, 0 in older ones).
    0: Reason.CERTIFICATE_WRONG_HOST,
    1: Reason.CERTIFICATE_WRONG_HOST,
    9: Reason.CERTIFICATE_EXPIRED,  # not yet valid
    10: Reason.CERTIFICATE_EXPIRED,
    62: Reason.CERTIFICATE_WRONG_HOST,
    64: Reason.CERTIFICATE_WRONG_HOST,  # an address that is not in it
}

_TRANSFERS = {
    pycurl.E_GOT_NOTHING: Reason.CONNECTION_CLOSED,
    pycurl.E_SEND_ERROR: Reason.CONNECTION_CLOSED,
    # libcurl calls an answer without a status line HTTP/0.9, and this code its refusal.
    pycurl.E_UNSUPPORTED_PROTOCOL: Reason.RESPONSE_INVALID,
    pycurl.E_FTP_WEIRD_SERVER_REPLY: Reason.RESPONSE_INVALID,
    pycurl.E_BAD_CONTENT_ENCODING: Reason.RESPONSE_INVALID,
    pycurl.E_PARTIAL_FILE: Reason.RESPONSE_CUT_OFF,
    100: Reason.HEADERS_TOO_LARGE,  # CURLE_TOO_LARGE, which pycurl does not name
    pycurl.E_SSL_CONNECT_ERROR: Reason.TLS_FAILED,
    pycurl.E_SSL_CIPHER: Reason.TLS_FAILED,
    pycurl.E_SSL_CERTPROBLEM: Reason.TLS_FAILED,
    pycurl.E_SSL_INVALIDCERTSTATUS: Reason.TLS_FAILED,
    pycurl.E_SSL_SHUTDOWN_FAILED: Reason.TLS_FAILED,
    98: Reason.TLS_FAILED,  # CURLE_SSL_CLIENTCERT: the server wants a certificate of ours
}


def of_certificate(verified: int) -> Reason:
    """The reason for a certificate that failed with this result of OpenSSL."""
    return _CERTIFICATES.get(verified, Reason.CERTIFICATE_UNTRUSTED)


def of_transfer(error: int, *, connected: bool, answered: bool, broke: bool) -> Reason:
    """The reason for a transfer that failed with this code of libcurl; not checked if it is unknown.

    `answered` says whether there was a line of header, `broke` whether the connection itself failed.
    """
    if error == pycurl.E_OPERATION_TIMEDOUT:
        return Reason.TIMEOUT if connected else Reason.CONNECT_TIMEOUT
    if error == pycurl.E_RECV_ERROR:
        if not answered:
            return Reason.CONNECTION_CLOSED
        # Else libcurl could read the bytes, and not what they mean.
        return Reason.RESPONSE_CUT_OFF if broke else Reason.RESPONSE_INVALID
    return _TRANSFERS.get(error, Reason.NOT_CHECKED)
