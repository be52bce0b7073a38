"""What we sign, receivers accept: judged by the package that receivers use."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from emeter_checker.delivery.signature import signed_headers

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@given(key=st.binary(min_size=1, max_size=64), text=st.text(max_size=200), message_id=st.uuids())
def test_the_package_of_the_standard_accepts_every_signature(key: bytes, text: str, message_id) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    body = text.encode("utf-8", "replace")
    headers = signed_headers(secret, message_id=str(message_id), timestamp=int(time.time()), body=body)
    Webhook(secret).verify(body, headers, json_parse=False)


@pytest.mark.parametrize("change", ["webhook-id", "webhook-timestamp", "body", "key"])
def test_it_accepts_nothing_else(change: str) -> None:
    now = int(time.time())
    headers = signed_headers(SECRET, message_id="one", timestamp=now, body=b"{}")
    headers |= {
        "webhook-id": {"webhook-id": "two"},
        "webhook-timestamp": {"webhook-timestamp": str(now + 1)},
    }.get(change, {})
    other = "whsec_" + base64.b64encode(b"o" * 32).decode()
    with pytest.raises(WebhookVerificationError):
        Webhook(other if change == "key" else SECRET).verify(b"{} " if change == "body" else b"{}", headers)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_no base64!", base64.b64encode(b"k" * 32).decode()])
def test_what_is_no_secret_signs_nothing(secret: str) -> None:
    with pytest.raises(ValueError, match="no signing secret"):
        signed_headers(secret, message_id="one", timestamp=0, body=b"")
