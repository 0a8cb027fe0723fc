import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neptun_tui.api.responses import Answer, Purpose, error_for, parse_retry_after
from neptun_tui.domain.errors import (
    AccessDenied,
    Busy,
    Rejected,
    ServerFailed,
    ServiceError,
    SessionExpired,
    SignInRefused,
    UnusableAnswer,
)

S = {
    "error": True,
    "url": "http://x/api",
    "statusCode": 401,
    "statusMessage": "Server Error",
    "message": "Unauthorized",
}
A = {"statusCode": 401, "statusMessage": "Unauthorized.", "stack": []}
L = {"statusCode": 401, "statusMessage": "Unauthorized", "stack": []}
V = {
    "statusCode": 400,
    "statusMessage": "Bad Request.",
    "stack": [],
    "data": {"issues": [{"path": ["import_id"], "message": "x"}], "name": "ZodError"},
}
FAILED = {"statusCode": 404, "statusMessage": "Not Found.", "stack": []}
GONE = {"statusCode": 404, "message": "Import not found"}
GONE_2 = {"statusCode": 404, "statusMessage": "Not Found", "data": {"message": "gone"}}
FORBIDDEN = {"statusCode": 403, "message": "Forbidden"}
NO_ROUTE = {
    "error": True,
    "url": "x",
    "statusCode": 404,
    "statusMessage": "Page not found: /x",
    "message": "Page not found: /x",
}
NO_JSON = {"error": True, "statusCode": 400, "statusMessage": "Bad Request", "message": "Invalid"}
HTML = b"<!DOCTYPE html><html><body>Please log in</body></html>"
IN, ACCOUNT, ITEM = Purpose.SIGN_IN, Purpose.ACCOUNT, Purpose.ITEM


def meaning(status, body, purpose=ITEM, **more):
    raw = body if isinstance(body, bytes) else json.dumps(body, indent=2).encode()
    return error_for(Answer(status, raw, **more), purpose, "neptun.example")


@pytest.mark.parametrize(
    ("status", "body", "purpose", "expected"),
    [
        (401, S, ITEM, SessionExpired),
        (401, S, ACCOUNT, SessionExpired),
        (404, S, ITEM, SessionExpired),
        (401, A, ITEM, AccessDenied),
        (401, A, ACCOUNT, AccessDenied),
        (403, FORBIDDEN, ITEM, AccessDenied),
        (404, GONE, ITEM, AccessDenied),
        (404, GONE_2, ITEM, AccessDenied),
        (404, GONE, ACCOUNT, UnusableAnswer),
        (404, GONE, IN, UnusableAnswer),
        (401, L, IN, SignInRefused),
        (401, {"statusCode": 401, "message": "Invalid email or password"}, IN, SignInRefused),
        (401, {"data": {"message": "Invalid email or password"}}, IN, SignInRefused),
        (403, FORBIDDEN, IN, UnusableAnswer),
        (400, V, ITEM, Rejected),
        (400, NO_JSON, ITEM, Rejected),
        (400, b"", ITEM, Rejected),
        (400, HTML, ITEM, UnusableAnswer),
        (409, {}, ITEM, Rejected),
        (413, HTML, ITEM, Rejected),
        (413, {}, ITEM, Rejected),
        (404, FAILED, ITEM, ServerFailed),
        (404, FAILED, ACCOUNT, ServerFailed),
        (404, NO_ROUTE, ITEM, UnusableAnswer),
        (404, NO_ROUTE, IN, UnusableAnswer),
        (404, HTML, ITEM, UnusableAnswer),
        (404, b"", ITEM, UnusableAnswer),
        (404, {"error": {"code": "404", "message": "no deployment"}}, ITEM, UnusableAnswer),
        (401, HTML, ITEM, UnusableAnswer),
        (401, HTML, IN, UnusableAnswer),
        (401, b"", IN, UnusableAnswer),
        (403, HTML, ITEM, UnusableAnswer),
        (302, b"", ITEM, UnusableAnswer),
        (304, S, ITEM, UnusableAnswer),
        (500, b"", ITEM, ServerFailed),
        (500, S, ITEM, ServerFailed),
        (502, HTML, IN, ServerFailed),
        (504, HTML, ITEM, ServerFailed),
        (503, HTML, ITEM, Busy),
        (429, {"message": "slow"}, IN, Busy),
    ],
)
def test_the_meaning(status, body, purpose, expected):
    error = meaning(status, body, purpose)
    assert type(error) is expected
    assert error.status == status


@pytest.mark.parametrize(
    "body",
    [
        L,
        {},
        b"",
        {"statusCode": 401, "message": "Unauthorized"},
        {**S, "message": "Unauthorized."},
        {**S, "error": 1},
        {**A, "message": "x"},
        {**A, "error": True},
    ],
)
def test_a_401_that_is_neither_shape_leaves_it_open(body):
    assert meaning(401, body, ITEM) is None
    assert meaning(401, body, ACCOUNT) is None


@pytest.mark.parametrize(
    ("issues", "fields"),
    [
        ([{"path": ["password"]}, {"path": ["email"]}, {"path": ["password"]}], 2),
        ([{"path": ["email", 0]}], 1),
        ([{"path": ["confirmPassword"]}], 0),
        ([{"path": []}, {}, 1, None], 0),
        ([{"path": [1]}, {"path": "email"}], 0),
        ("email", 0),
        (None, 0),
    ],
)
def test_a_refused_sign_in_names_its_fields(issues, fields):
    error = meaning(400, {**V, "data": {"issues": issues}}, IN)
    assert type(error) is Rejected
    assert len(error.fields) == fields
    assert set(error.fields) <= {"email", "password"}
    assert str(error)


def test_other_fields_are_named_but_only_if_they_are_names():
    issues = [{"path": ["import_id"]}, {"path": ["\x1b[31m"]}, {"path": ["a" * 99]}]
    error = meaning(400, {"data": {"issues": issues}})
    assert error.fields == ("import_id",)


def test_sign_in_words_admit_the_database():
    assert "database" in str(meaning(401, L, IN))


values = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([401, 404, 400, 0]),
    st.sampled_from(["Unauthorized", "Unauthorized.", "Not Found.", "SERVER-TEXT"]),
    st.just({"message": "SERVER-TEXT", "issues": [{"path": ["SERVER TEXT"]}]}),
)
KEYS = ["statusCode", "statusMessage", "message", "error", "data", "stack"]


@settings(deadline=None)
@given(
    status=st.one_of(st.integers(300, 599), st.sampled_from([400, 401, 403, 404, 413])),
    body=st.one_of(
        st.binary(max_size=40),
        st.dictionaries(st.sampled_from(KEYS), values).map(lambda v: json.dumps(v).encode()),
    ),
    purpose=st.sampled_from(Purpose),
    html=st.booleans(),
)
@example(status=401, body=b"[" * 100_000, purpose=ITEM, html=False)
@example(status=401, body=b"\xff", purpose=ITEM, html=False)
def test_every_answer_has_one_meaning(status, body, purpose, html):
    error = meaning(status, body, purpose, html=html)
    assert (error is None) <= (status == 401 and purpose is not IN)
    if error is not None:
        assert isinstance(error, ServiceError)
        assert error.status == status
        assert "SERVER" not in str(error)
        assert "\n" not in str(error)
    if type(error) is SessionExpired:
        told = json.loads(body)
        assert (told["error"], told["statusCode"], told["message"]) == (True, 401, "Unauthorized")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 17 ", 17),
        ("999999999999", 3600),
        ("9" * 99, None),
        ("-1", None),
        ("1.5", None),
        ("nan", None),
        ("", None),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 9999 07:28:00 GMT", 3600),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("٣", None),
    ],
)
def test_retry_after(text, seconds):
    assert parse_retry_after(text) == seconds


def test_retry_after_a_date():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert parse_retry_after(soon) == pytest.approx(59, abs=3)


@settings(deadline=None)
@given(st.text(st.sampled_from("0123456789 :,+-GMTWedOctNov"), max_size=40))
def test_retry_after_never_fails(text):
    seconds = parse_retry_after(text)
    assert seconds is None or 0 <= seconds <= 3600
