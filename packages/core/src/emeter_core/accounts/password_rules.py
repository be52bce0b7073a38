"""Which passwords an account may have."""

from emeter_core.accounts.changeset import Attributes, text_errors
from emeter_core.accounts.password import MAX_BYTES

_MIN, _MAX = 12, 72


def password_errors(password: object) -> list[str]:
    """What is wrong with a new password: one message at most."""
    errors = text_errors(password)
    if errors or not isinstance(password, str):
        return errors
    if len(password) < _MIN:
        return [f"should be at least {_MIN} character(s)"]
    if len(password) > _MAX:
        return [f"should be at most {_MAX} character(s)"]
    if len(password.encode(errors="surrogatepass")) > MAX_BYTES:
        return [f"should be at most {MAX_BYTES} byte(s)"]
    if "\0" in password:
        return ["must not hold a NUL character"]
    return []


def confirmation_errors(attrs: Attributes) -> list[str]:
    """What is wrong with a password typed twice; typed once it is as good."""
    if "password_confirmation" in attrs and attrs["password_confirmation"] != attrs.get("password"):
        return ["does not match password"]
    return []
