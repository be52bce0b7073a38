import pytest

from emeter_core.metrics import Access, access, token_in

TOKEN = "a token of the tests, long enough for all"


def test_who_sits_here_needs_no_token() -> None:
    assert access(is_here=True, authorization="", token="") is Access.GRANTED
    assert access(is_here=True, authorization="", token=TOKEN) is Access.GRANTED


def test_for_others_there_is_nothing_where_there_is_no_token() -> None:
    for authorization in ("", "Bearer ", "Bearer x"):
        assert access(is_here=False, authorization=authorization, token="") is Access.NOT_HERE
    assert "EMETER_METRICS_TOKEN" in Access.NOT_HERE.words


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_others_bring_the_token(scheme: str) -> None:
    assert access(is_here=False, authorization=f"{scheme} {TOKEN}", token=TOKEN) is Access.GRANTED


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN, "Bearer é\ud800"]
)
def test_any_other_word_is_refused(authorization: str) -> None:
    assert access(is_here=False, authorization=authorization, token=TOKEN) is Access.NEEDS_TOKEN


def test_the_token_is_what_follows_its_scheme() -> None:
    assert (token_in("Bearer  a b "), token_in("Basic a"), token_in("")) == ("a b", "", "")
