"""What must hold of any series of reviews."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from itemtrail.core.acceptance import Acceptance
from itemtrail.core.check import Result, Severity, Status
from itemtrail.core.review import Change, Standing, Verdict, before, review

START = dt.datetime(2026, 1, 5, 6, tzinfo=dt.UTC)
names = st.sampled_from(["a", "b", "c"])
weeks = st.lists(
    st.dictionaries(st.tuples(names, names), st.tuples(st.sampled_from(Status), st.sampled_from(Severity)), max_size=9),
    min_size=1,
    max_size=5,
)
exceptions = st.lists(
    st.builds(
        Acceptance,
        check=names,
        resource=st.sampled_from(["a", "b", "*", "?"]),
        reason=st.just("r"),
        owner=st.just("o"),
        expires=st.dates(dt.date(2026, 1, 1), dt.date(2026, 3, 1)),
    ),
    max_size=3,
)


@given(weeks=weeks, acceptances=exceptions)
def test_no_finding_is_lost_from_one_review_to_the_next(weeks, acceptances):
    last = None
    for number, week in enumerate(weeks):
        now = START + dt.timedelta(days=7 * number)
        results = [Result(c, severity, r, "", status, "d") for (c, r), (status, severity) in week.items()]
        one = review(results, taken_at=now, acceptances=acceptances, checks=["a", "b"], before=last)
        assert sorted(line.result.check + line.result.resource for line in one.lines) == sorted(c + r for c, r in week)
        for line in one.lines:
            status = line.result.status
            assert (line.standing in (Standing.OPEN, Standing.ACCEPTED)) == (status is Status.FAIL)
            assert (line.standing is Standing.COULD_NOT_LOOK) == (status is Status.CANNOT_LOOK)
            if line.standing is Standing.ACCEPTED:
                assert line.acceptance.expires >= now.date()
            if line.change is Change.RESOLVED:
                assert status is Status.PASS
            assert (line.standing is Standing.OPEN) == (line.change in (Change.NEW, Change.STILL_OPEN))
        if one.verdict is Verdict.CLEAN:
            assert not any(s is Status.CANNOT_LOOK for s, _ in week.values())
            assert any(s in (Status.PASS, Status.FAIL) for s, _ in week.values())
        told = {line.key for line in one.lines} | {(g.check, g.resource, g.region) for g in one.gone}
        assert all(key in told for key, was in (last or {}).items() if was.open_since)
        last = before(one.lines)
