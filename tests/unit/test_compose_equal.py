"""When two archives count as equal, and which of their objects are held to it."""

from tests.compose.equal import EVIDENCE, differences


def test_the_same_names_with_the_same_contents_are_equal():
    assert differences({"a": "1", "b": "2"}, {"b": "2", "a": "1"}) == []


def test_what_one_lacks_and_what_differs_is_named():
    assert differences({"a": "1", "b": "2", "c": "3"}, {"b": "2", "c": "4", "d": "5"}) == [
        "only the cluster has a",
        "only the one machine has d",
        "c differs",
    ]


def test_everything_that_archiving_a_day_commits_is_held_to_it():
    from itemtrail.core import layout

    commits = (layout.ARCHIVE_KEY, layout.ORIGINALS, layout.EVENTS, layout.QUARANTINE, layout.RECEIPTS, "keys/")
    assert set(commits) <= set(EVIDENCE)
