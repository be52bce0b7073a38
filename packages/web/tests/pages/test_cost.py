"""What a page costs: a dozen statements at most, however many monitors there are."""

import pytest
from sqlalchemy import text

from emeter_core.testing.filling import DOWN, FAST, fill
from emeter_storage.engine import transaction

MOST = 12


@pytest.fixture
def filled(sessions, scope, now) -> dict[str, str]:
    """A team with sixty monitors; the pages of some."""
    with transaction(sessions) as session:
        made = fill(session, scope, now=now, monitors=60, hours=0.2, flaps=10)
        ids = {row.id: row.public_id for row in session.execute(text("SELECT id, public_id FROM monitors"))}
        incident = session.execute(
            text("SELECT public_id FROM incidents WHERE resolved_at IS NULL LIMIT 1")
        ).scalar()
    return {
        "dashboard": "/",
        "list": "/monitors",
        "search": "/monitors?q=example&sort=latency&page=2",
        "up": f"/monitors/{ids[made.at(FAST)]}",
        "down": f"/monitors/{ids[made.at(DOWN)]}",
        "edit": f"/monitors/{ids[made.at(DOWN)]}/edit",
        "incidents": "/incidents",
        "incident": f"/incidents/{incident}",
    }


def test_no_page_asks_more_than_a_dozen_things(signed_in, filled, count_queries) -> None:
    for name, path in filled.items():
        signed_in.page(path)
        with count_queries() as queries:
            signed_in.page(path)
        assert len(queries) <= MOST, f"{name}:\n{queries}"
