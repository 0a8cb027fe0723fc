"""Format of a stored session."""

import json
from datetime import UTC, datetime

import pytest

from neptun_tui.storage.session_backends import BackendUnavailable, SessionKey
from neptun_tui.storage.timed_backend import dump_session, load_session


def test_there_and_back(make_session):
    session = make_session(email="ü😀@example.com")
    text = dump_session(session)
    assert json.loads(text).keys() == {"v", "cookie", "uid", "email", "stored_at"}
    assert text.isascii()
    back = load_session(SessionKey.of(session.account), text)
    assert (back.account, back.cookie) == (session.account, session.cookie)
    assert abs((datetime.now(UTC) - back.signed_in_at).total_seconds()) < 5


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"cookie": ""}, {"cookie": None}, {"uid": "42"}, {"uid": 43}, {"email": 5}],
)
def test_what_is_not_whole_is_refused_without_repeating_it(session, change):
    text = json.dumps(json.loads(dump_session(session)) | change)
    with pytest.raises(BackendUnavailable, match=r"^The kept session cannot be read") as caught:
        load_session(SessionKey.of(session.account), text)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_torn(session, cut):
    with pytest.raises(BackendUnavailable) as caught:
        load_session(SessionKey.of(session.account), dump_session(session)[:cut])
    assert caught.value.__context__ is None


@pytest.mark.parametrize("stored_at", [None, 5, "monday", "2031-01-02T03:04:05"])
def test_a_strange_time_costs_only_the_time(session, stored_at):
    text = json.dumps(json.loads(dump_session(session)) | {"stored_at": stored_at})
    when = load_session(SessionKey.of(session.account), text).signed_in_at
    assert when is None or when.tzinfo
