import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neptun_tui.api.retry import BASE, CAP, backoff, retry
from neptun_tui.domain.errors import Busy, OutcomeUnknown, Unreachable

unit = st.floats(0, 1)


@settings(deadline=None)
@given(attempt=st.integers(1, 10_000), jitter=unit)
def test_a_wait_is_bounded_and_never_zero(attempt, jitter):
    assert 0 < backoff(attempt, rng=lambda: jitter) <= CAP


@settings(deadline=None)
@given(attempt=st.integers(1, 5), jitter=unit)
def test_waits_double(attempt, jitter):
    one, two = backoff(attempt, rng=lambda: jitter), backoff(attempt + 1, rng=lambda: jitter)
    assert two == pytest.approx(2 * one)


@settings(deadline=None)
@given(asked=st.floats(0, 3600), jitter=unit)
def test_what_the_server_asks_for_is_waited_in_full_up_to_the_cap(asked, jitter):
    wait = backoff(1, asked, lambda: jitter)
    assert min(asked, CAP) <= wait <= min(asked + BASE, CAP)


class Calls:
    def __init__(self, *results):
        self.results = list(results)
        self.waits = []

    async def __call__(self):
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    async def sleep(self, seconds):
        self.waits.append(seconds)


async def test_it_calls_until_it_works():
    calls = Calls(Unreachable("no"), Busy("wait", retry_after=4), "done")
    got = await retry(
        calls, tries=3, errors=(Unreachable, Busy), sleep=calls.sleep, rng=lambda: 0.0
    )
    assert got == "done"
    assert calls.waits == [BASE / 2, 4.0]


async def test_the_last_failure_is_raised_and_not_waited_for():
    calls = Calls(Unreachable("1"), Unreachable("2"), Unreachable("3"))
    with pytest.raises(Unreachable, match="3"):
        await retry(calls, tries=3, errors=(Unreachable,), sleep=calls.sleep)
    assert len(calls.waits) == 2
    assert calls.results == []


async def test_what_is_not_named_is_not_tried_again():
    calls = Calls(OutcomeUnknown("?"), "never")
    with pytest.raises(OutcomeUnknown):
        await retry(calls, tries=3, errors=(Unreachable,), sleep=calls.sleep)
    assert calls.results == ["never"]
    assert calls.waits == []


async def test_one_try_is_one_call():
    calls = Calls(Unreachable("1"), "never")
    with pytest.raises(Unreachable):
        await retry(calls, tries=1, errors=(Unreachable,), sleep=calls.sleep)
    assert calls.results == ["never"]
