from flask.testing import FlaskClient


def test_the_first_page_says_what_this_is_and_where_to_begin(client: FlaskClient) -> None:
    page = client.get("/")

    assert page.status_code == 200
    assert "E-Meter" in page.text
    assert "Register</a>" in page.text
    assert "Log in</a>" in page.text


def test_what_is_not_there_is_not_found(client: FlaskClient) -> None:
    assert client.get("/nowhere").status_code == 404
    assert client.post("/healthz").status_code == 405
