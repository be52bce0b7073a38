"""From libcurl's and c-ares' codes to a reason. Pure tables."""

import errno

import pycurl
from pycares import errno as ares

from emeter_core.outcome import Reason

_LOOK_UPS = {
    ares.ARES_ENODATA: Reason.NAME_NOT_FOUND,
    ares.ARES_ENOTFOUND: Reason.NAME_NOT_FOUND,
    ares.ARES_EBADNAME: Reason.NAME_NOT_FOUND,
    ares.ARES_EFORMERR: Reason.NAME_SERVER_FAILED,
    ares.ARES_ESERVFAIL: Reason.NAME_SERVER_FAILED,
    ares.ARES_ENOTIMP: Reason.NAME_SERVER_FAILED,
    ares.ARES_EREFUSED: Reason.NAME_SERVER_FAILED,
    ares.ARES_EBADRESP: Reason.NAME_SERVER_FAILED,
    ares.ARES_ETIMEOUT: Reason.NAME_SERVER_SILENT,
    ares.ARES_ECONNREFUSED: Reason.RESOLVER_UNAVAILABLE,
    ares.ARES_EFILE: Reason.RESOLVER_UNAVAILABLE,
    ares.ARES_ENOMEM: Reason.RESOLVER_UNAVAILABLE,
}

_CONNECTS = {
    errno.ECONNREFUSED: Reason.CONNECTION_REFUSED,
    errno.ECONNRESET: Reason.CONNECTION_REFUSED,
    errno.EHOSTUNREACH: Reason.HOST_UNREACHABLE,
    errno.EHOSTDOWN: Reason.HOST_UNREACHABLE,
    errno.ETIMEDOUT: Reason.CONNECT_TIMEOUT,
    # Of our own host: nothing was learnt about the target.
    errno.ENETUNREACH: Reason.NETWORK_UNAVAILABLE,
    errno.ENETDOWN: Reason.NETWORK_UNAVAILABLE,
    errno.EADDRNOTAVAIL: Reason.NETWORK_UNAVAILABLE,
    errno.EAFNOSUPPORT: Reason.NETWORK_UNAVAILABLE,
    errno.EMFILE: Reason.NETWORK_UNAVAILABLE,
    errno.ENFILE: Reason.NETWORK_UNAVAILABLE,
    errno.ENOBUFS: Reason.NETWORK_UNAVAILABLE,
    errno.ENOMEM: Reason.NETWORK_UNAVAILABLE,
    errno.EACCES: Reason.NETWORK_UNAVAILABLE,
    errno.EPERM: Reason.NETWORK_UNAVAILABLE,
}

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


def of_look_up(status: int) -> Reason:
    """The reason for a look-up that failed with this status of c-ares."""
    return _LOOK_UPS.get(status, Reason.NOT_CHECKED)


def of_connect(error: int) -> Reason:
    """The reason for a connection that failed with this `errno`; unreachable where it says nothing."""
    return _CONNECTS.get(error, Reason.HOST_UNREACHABLE)


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
