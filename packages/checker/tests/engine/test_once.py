from emeter_checker.guard import LOCAL_NETWORKS, AddressGuard
from emeter_checker.once import check_once
from emeter_core.outcome import Reason


def test_one_check_here_and_now(serve, spec) -> None:
    end = check_once(spec(f"http://127.0.0.1:{serve().port}/"), AddressGuard(LOCAL_NETWORKS))
    assert end.outcome.reason is Reason.OK
    assert end.ended_at > end.started_at


def test_private_addresses_are_blocked_unless_allowed(serve, spec) -> None:
    site = serve()
    end = check_once(spec(f"http://127.0.0.1:{site.port}/"), AddressGuard())
    assert end.outcome.reason is Reason.ADDRESS_BLOCKED
    assert site.requests == []
