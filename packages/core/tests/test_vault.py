"""The vault: what is sealed is opened with the same key for the same purpose, and nowhere else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.vault import Vault
from emeter_storage.errors import UserError

KEY = "the first key of the tests, long enough"
OTHER = "another key of the tests, long enough"
NO_KEY_FITS = "A stored secret cannot be read with this SECRET_KEY"


@given(plain=st.binary(), purpose=st.text())
def test_what_is_sealed_is_opened_for_the_same_purpose(plain: bytes, purpose: str) -> None:
    assert Vault(KEY).open(purpose, Vault(KEY).seal(purpose, plain)) == plain


def test_what_is_sealed_shows_nothing_and_is_never_the_same() -> None:
    vault = Vault(KEY)
    sealed = {vault.seal("a", b"plain text") for _ in range(3)}
    assert len(sealed) == 3
    assert all(b"plain" not in each for each in sealed)


def test_what_is_sealed_for_one_purpose_is_shut_to_the_others() -> None:
    vault = Vault(KEY)
    sealed = vault.seal("a", b"plain")
    for purpose in ("b", "", "a ", "fingerprint"):
        with pytest.raises(UserError, match=NO_KEY_FITS):
            vault.open(purpose, sealed)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(UserError, match=NO_KEY_FITS):
        Vault(OTHER).open("a", Vault(KEY).seal("a", b"plain"))


@pytest.mark.parametrize("damage", [b"", b"\0", b"plain", b"gAAAAA=="])
def test_what_was_never_sealed_is_not_opened(damage: bytes) -> None:
    with pytest.raises(UserError, match=NO_KEY_FITS):
        Vault(KEY).open("a", damage)


@given(st.integers(0), st.integers(1, 255))
def test_one_changed_byte_is_noticed(place: int, by: int) -> None:
    vault = Vault(KEY)
    sealed = bytearray(base64.urlsafe_b64decode(vault.seal("a", b"plain")))
    sealed[place % len(sealed)] ^= by
    with pytest.raises(UserError, match=NO_KEY_FITS):
        vault.open("a", base64.urlsafe_b64encode(sealed))


def test_a_new_key_still_reads_what_the_old_one_wrote() -> None:
    sealed = Vault(KEY).seal("a", b"plain")
    assert Vault(OTHER, old_key=KEY).open("a", sealed) == b"plain"


def test_a_new_key_writes_what_the_old_one_cannot_read() -> None:
    sealed = Vault(OTHER, old_key=KEY).seal("a", b"plain")
    assert Vault(OTHER).open("a", sealed) == b"plain"
    with pytest.raises(UserError, match=NO_KEY_FITS):
        Vault(KEY).open("a", sealed)


def test_a_fingerprint_tells_keys_apart_and_stays() -> None:
    assert Vault(KEY).fingerprint == Vault(KEY, old_key=OTHER).fingerprint
    assert Vault(KEY).fingerprint != Vault(OTHER).fingerprint
    # Stored in every installation: another way to make it would shut them all out.
    assert Vault(KEY).fingerprint.hex() == "ef7ba22defc3d2be7d41c71ffbd2587f"


def test_the_fingerprint_of_the_old_key_is_known() -> None:
    assert Vault(KEY).old_fingerprints == frozenset()
    assert Vault(OTHER, old_key=KEY).old_fingerprints == {Vault(KEY).fingerprint}


def test_what_was_sealed_in_the_first_version_is_still_opened() -> None:
    sealed = (
        b"gAAAAABrA927SpIsMRRyscNpRsd0xcNFf4gYc_s005SozeUKuBr5sg9A39ir"
        b"xvVlHYfIcMV1dDyYZD8TQ2YEuTsk1bwjgi96Pg=="
    )
    assert Vault(KEY).open("monitor settings", sealed) == b"plain"
