import uuid

import pytest

from emeter_core.testing.terminal import Terminal

NOBODY = "00000000-0000-4000-8000-000000000000"


class TestAdd:
    def test_the_id_is_printed_and_the_monitor_is_there(self, mine: Terminal) -> None:
        id_ = mine.add("http://example.com/", "--interval", "5")

        (row,) = mine.listed()
        assert uuid.UUID(id_) == uuid.UUID(row["id"])
        assert (row["name"], row["target"], row["interval"]) == ("example.com", "http://example.com/", 5)
        assert (row["status"], row["condition"]) == ("pending", "pending")
        assert row["latency_ms"] is row["last_check"] is row["reason"] is row["certificate_ends_at"] is None

    def test_every_option_arrives(self, mine: Terminal) -> None:
        id_ = mine.add(
            *("https://example.com/", "--name", "Shop", "--interval", "30", "--timeout", "7"),
            *(
                "--method",
                "post",
                "--header",
                "A: b",
                "--header",
                "C:d",
                "--body",
                "x",
                "--expect",
                "200,301",
            ),
            *("--keyword", "ok", "--keyword-absent", "--max-redirects", "0", "--ipv6", "--no-verify"),
            *("--down-after", "1", "--up-after", "4", "--kind", "http", "--user", "me@example.com"),
        )

        shown = dict(line.split(":", 1) for line in mine("monitor", "show", id_).out.splitlines())
        assert {name: value.strip() for name, value in shown.items()} == {
            "id": id_,
            "status": "pending",
            "kind": "http",
            "url": "https://example.com/",
            "name": "Shop",
            "interval": "30",
            "timeout": "7",
            "down after": "1",
            "up after": "4",
            "method": "POST",
            "headers": "(set)",
            "body": "(set)",
            "expected codes": "200,301",
            "keyword": "ok",
            "keyword absent": "true",
            "max redirects": "0",
            "body cap": "1048576",
            "ip family": "ipv6",
            "verify tls": "false",
        }

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["ftp://x"], "URL must start with http://, https://, tcp:// or ping://"),
            (["foo"], "URL must start with http://, https://, tcp:// or ping://"),
            ([""], "URL can't be blank"),
            (["http://x", "--interval", "4"], "--interval must be from 5 to 86,400 seconds"),
            (
                ["http://x", "--interval", "5", "--timeout", "6"],
                "--timeout must not be longer than the interval",
            ),
            (["http://x", "--kind", "icmp"], "--kind 'icmp' is unknown: there is http, tcp, ping"),
            (["http://x", "--expect", "2xx"], "--expect '2xx' is no status code or range"),
            (["http://x", "--header", "Host: y"], "--header Host is set by the check itself"),
            (["http://x", "--max-redirects", "21"], "--max-redirects must be from 0 to 20\n"),
            (["http://x", "--down-after", "0"], "--down-after must be from 1 to 20"),
            (["http://x", "--body", "x"], "--method and --body: a GET request carries no body"),
            (["http://x", "--method", "brew"], "--method must be GET, HEAD, POST, PUT, PATCH, DELETE or"),
            (["http://x", "--keyword-absent"], "--keyword can't be blank where it must be absent"),
            (["http://exa..com"], "URL must name a host without empty parts"),
            (["http://x", "--name", "n" * 121], "--name should be at most 120 character(s)"),
        ],
    )
    def test_what_is_wrong_names_the_option_and_writes_nothing(
        self, mine: Terminal, arguments: list[str], message: str
    ) -> None:
        said = mine("monitor", "add", *arguments)

        assert (said.code, said.out) == (1, "")
        assert said.err.startswith(f"Error: {message}")
        assert mine.listed() == []

    def test_a_url_tells_its_kind_and_options_go_to_its_settings(self, mine: Terminal) -> None:
        port = mine.add(
            "tcp://mx.example.com:25", "--tls", "--send", r"QUIT\r\n", "--expect", "220", "--no-verify"
        )
        host = mine.add("example.com", "--kind", "ping", "--packets", "5", "--max-loss", "0", "--ipv4")

        shown = mine.well("monitor", "show", port)
        for line in ("kind:           tcp", "url:            tcp://mx.example.com:25", "expect:         220"):
            assert line in shown
        assert "send:           (set)" in shown
        assert "QUIT" not in shown
        mine.well("monitor", "edit", port, "--expect", "221", "--no-tls")
        changed = mine.well("monitor", "show", port)
        assert "expect:         221" in changed
        assert "send:           (set)" in changed
        told = mine.well("monitor", "show", host)
        for line in ("url:            ping://example.com", "packets:        5", "max loss:       0"):
            assert line in told

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["tcp://a"], "URL must name a port, as in example.com:25"),
            (["tcp://a:1", "--method", "get"], "--method is unknown to the kind tcp"),
            (["tcp://a:1", "--send", "\\q"], "--send has a backslash that begins no escape"),
            (["ping://a", "--expect", "200"], "--expect is unknown to the kind ping"),
            (["ping://a", "--packets", "11"], "--packets must be from 1 to 10"),
            (["http://a", "--kind", "tcp"], "URL must be like example.com:25: http:// is of another kind"),
            (["http://a", "--kind", "", "--expect", "x"], "--kind '' is unknown: there is http, tcp, ping"),
        ],
    )
    def test_what_is_wrong_with_another_kind_names_the_option_too(
        self, mine: Terminal, arguments: list[str], message: str
    ) -> None:
        said = mine("monitor", "add", *arguments)

        assert said.err.startswith(f"Error: {message}")
        assert mine.listed() == []

    def test_addresses_are_of_one_family_or_of_any(self, mine: Terminal) -> None:
        said = mine("monitor", "add", "http://x", "--ipv4", "--ipv6")

        assert said.code == 2
        assert "Error: --ipv4 and --ipv6 exclude each other.\n" in said.err
        id_ = mine.add("http://x", "--ipv4", "--ipv4")
        mine.well("monitor", "edit", id_, "--any-ip")
        assert "ip family:      any" in mine.well("monitor", "show", id_)

    def test_a_header_without_a_colon_is_refused_without_being_repeated(self, mine: Terminal) -> None:
        said = mine("monitor", "add", "http://x", "--header", "hush")

        assert said.code == 2
        assert "number 1 is no header" in said.err
        assert "hush" not in said.err


def shown(mine: Terminal, id_: str) -> dict[str, str]:
    """What `emeter monitor show` prints."""
    pairs = (line.split(":", 1) for line in mine.well("monitor", "show", id_).splitlines())
    return {name: value.strip() for name, value in pairs}


class TestHeartbeat:
    OPTIONS = ("--kind", "heartbeat", "--name", "Backup")

    def test_it_needs_no_url_and_shows_where_its_job_pings(self, mine: Terminal) -> None:
        id_ = mine.add(
            *self.OPTIONS, "--schedule", "0 3 * * *", "--time-zone", "Europe/Berlin", "--grace", "10 min"
        )
        told = shown(mine, id_)
        assert told["expected"] == "by 0 3 * * *, Europe/Berlin, grace 10 min"
        assert mine.listed()[0]["target"] == told["expected"]
        assert (told["kind"], told["schedule"], told["time zone"]) == (
            "heartbeat",
            "0 3 * * *",
            "Europe/Berlin",
        )
        assert (told["grace"], told["down after"], told["up after"]) == ("600", "1", "1")
        assert told["ping URL"].startswith("http://localhost:8000/ping/")

    def test_a_token_can_be_brought_along_once(self, mine: Terminal) -> None:
        id_ = mine.add(*self.OPTIONS, "--token", "one-of-another-place")
        assert shown(mine, id_)["ping URL"].endswith("/ping/one-of-another-place")
        for token, why in (("one-of-another-place", "has already been taken"), ("short", "10 to 64 letters")):
            refused = mine("monitor", "add", *self.OPTIONS, "--token", token)
            assert refused.code != 0
            assert "--token" in refused.err
            assert why in refused.err

    def test_it_is_edited_and_never_checked(self, mine: Terminal) -> None:
        id_ = mine.add(*self.OPTIONS)
        assert mine("monitor", "edit", id_, "--period", "2 h", "--longest-run", "30 min").code == 0
        assert (shown(mine, id_)["period"], shown(mine, id_)["longest run"]) == ("7200", "1800")
        refused = mine("monitor", "check", id_)
        assert refused.code != 0
        assert "it reports by itself" in refused.err

    def test_what_is_wrong_is_told_by_its_option(self, mine: Terminal) -> None:
        refused = mine("monitor", "add", "--kind", "heartbeat", "--period", "soon")
        assert refused.code != 0
        assert "--period must be a length" in refused.err
        assert "--name can't be blank" in refused.err


class TestScope:
    def test_without_a_user_it_says_how_to_make_one(self, emeter: Terminal) -> None:
        said = emeter("monitor", "add", "http://x")

        assert said.code == 1
        assert said.err == "Error: There is no user yet: make one with `emeter user create EMAIL`.\n"

    def test_with_several_users_one_must_be_named(self, mine: Terminal) -> None:
        mine.create_user("you@example.com")

        said = mine("monitor", "list")
        assert said.code == 1
        assert said.err == "Error: There are several users: say on whose behalf with --user EMAIL.\n"

        mine.add("http://x", "--user", "you@example.com")
        assert mine.listed("--user", "me@example.com") == []
        assert len(mine.listed("--user", "YOU@example.com")) == 1

    def test_a_user_that_does_not_exist_is_told(self, mine: Terminal) -> None:
        said = mine("monitor", "list", "--user", "no@example.com")

        assert (said.code, said.err) == (1, "Error: There is no user no@example.com.\n")

    def test_a_team_of_others_is_not_found(self, mine: Terminal) -> None:
        said = mine("monitor", "list", "--team", NOBODY)

        assert (said.code, said.out) == (1, "")
        assert "no such team" in said.err

    @pytest.mark.parametrize(
        "command", [["show"], ["pause"], ["resume"], ["check"], ["delete", "--yes"], ["edit", "--name", "x"]]
    )
    def test_a_monitor_of_others_is_not_found(self, mine: Terminal, command: list[str]) -> None:
        mine.create_user("you@example.com")
        theirs = mine.add("http://x", "--user", "you@example.com")

        said = mine("monitor", command[0], theirs, *command[1:], "--user", "me@example.com")

        assert (said.code, said.err) == (1, f"Error: There is no monitor with the id {theirs}.\n")
        assert len(mine.listed("--user", "you@example.com")) == 1

    @pytest.mark.parametrize("id_", ["x", NOBODY])
    def test_a_monitor_that_does_not_exist_is_told(self, mine: Terminal, id_: str) -> None:
        assert mine("monitor", "show", id_).err == f"Error: There is no monitor with the id {id_}.\n"


class TestActions:
    def test_pause_and_resume(self, mine: Terminal) -> None:
        id_ = mine.add("http://x")

        assert mine("monitor", "pause", id_).out == "Paused x.\n"
        assert mine.listed()[0]["status"] == "paused"
        assert mine("monitor", "resume", id_).out == "Resumed x.\n"
        assert mine.listed()[0]["status"] == "pending"

    def test_check_now(self, mine: Terminal) -> None:
        id_ = mine.add("http://x")

        assert mine("monitor", "check", id_).out == "x is being checked: see `emeter monitor list`.\n"

        again = mine("monitor", "check", id_)

        assert (again.code, again.err) == (0, "")
        assert again.out.startswith("x is being checked already: see")

    def test_a_paused_monitor_is_not_checked(self, mine: Terminal) -> None:
        id_ = mine.add("http://x")
        mine("monitor", "pause", id_)

        said = mine("monitor", "check", id_)

        assert (said.code, said.err) == (1, "Error: x is paused: resume it first.\n")

    def test_delete_without_a_terminal_names_the_option(self, mine: Terminal) -> None:
        id_ = mine.add("http://x")

        said = mine("monitor", "delete", id_)

        assert (said.code, said.out) == (1, "")
        assert said.err == "Error: There is no terminal to ask whether to delete x: use --yes.\n"
        assert len(mine.listed()) == 1

    def test_delete_asks_first(self, mine: Terminal, at_a_terminal) -> None:
        id_ = mine.add("http://x")

        assert mine("monitor", "delete", id_, stdin="n\n").code == 1
        assert len(mine.listed()) == 1
        assert mine("monitor", "delete", id_, stdin="y\n").code == 0
        assert mine.listed() == []

    def test_delete_with_yes_does_not_ask(self, mine: Terminal) -> None:
        id_ = mine.add("http://x")

        assert mine("monitor", "delete", id_, "--yes").out == "Deleted x.\n"
        assert mine.listed() == []

    def test_edit_changes_what_is_named_and_nothing_else(self, mine: Terminal) -> None:
        id_ = mine.add("http://x", "--header", "A: b", "--method", "post", "--body", "x", "--keyword", "ok")

        assert mine("monitor", "edit", id_, "--url", "http://y", "--interval", "30").code == 0

        shown = mine("monitor", "show", id_).out
        assert "http://y" in shown
        assert mine.listed()[0]["interval"] == 30
        assert [line for line in shown.splitlines() if "(set)" in line or "POST" in line or "ok" in line] == [
            "method:         POST",
            "headers:        (set)",
            "body:           (set)",
            "keyword:        ok",
        ]

    def test_a_wrong_edit_changes_nothing(self, mine: Terminal) -> None:
        id_ = mine.add("http://x", "--interval", "30")

        said = mine("monitor", "edit", id_, "--name", "y", "--interval", "1")

        assert (said.code, said.err) == (1, "Error: --interval must be from 5 to 86,400 seconds\n")
        assert mine.listed()[0]["name"] == "x"
