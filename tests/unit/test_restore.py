"""What a restore takes: who is cold, hours and prices by tier (computed by hand), what needs a person, what the hash covers."""

import dataclasses
import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cold import GB, NOW

from itemtrail.core import restore
from itemtrail.core.prices import parse
from itemtrail.core.restore import Standing, State, Tier, make_plan, money, standing
from itemtrail.core.restore_text import plan_json, plan_text, state_text
from itemtrail.errors import ConfigurationError
from itemtrail.flows.prices import PACKAGED
from itemtrail.model import Archived

PRICES = parse(PACKAGED.read_text(encoding="utf-8"), file="prices.toml")
TOMORROW = NOW + dt.timedelta(days=1)


def cold(storage_class: str, objects: int, size: int) -> list[Archived]:
    return [Archived(f"originals/{storage_class}/{n:03d}.tar", size, "e", storage_class) for n in range(objects)]


def planned(objects, *, tier=Tier.STANDARD, days=7, region="us-east-1", extend=False):
    ordered = tuple(sorted(objects, key=lambda one: one.key))
    return make_plan(
        State(ordered, NOW), bucket="s3://a", question="q", tier=tier, days=days, prices=PRICES, region=region, extend=extend
    )


def option(plan, tier):
    return next(one for one in plan.options if one.tier is tier)


def test_deep_archive_computed_by_hand():
    """10 tars of 2 GB. Standard: 20 x 0.02 + 10 x 0.10/1000; Bulk: 20 x 0.0025 + 10 x 0.025/1000; copies: 20 x 0.023 x 8/30."""
    plan = planned(cold("DEEP_ARCHIVE", 10, 2 * GB))
    copies = Decimal("0.46") * 8 / 30
    standard, bulk, fast = (option(plan, tier) for tier in (Tier.STANDARD, Tier.BULK, Tier.EXPEDITED))
    assert (standard.retrieval, standard.copy, standard.time) == (Decimal("0.401"), copies, "within 12 hours")
    assert (bulk.retrieval, bulk.copy, bulk.time) == (Decimal("0.05025"), copies, "within 48 hours")
    assert money(standard.together, "USD") == "$0.53"  # 0.5236…
    assert fast.refused == "DEEP_ARCHIVE has no Expedited (10 objects)"
    assert fast.together is None


def test_flexible_retrieval_computed_by_hand():
    """4 tars of 128 MB, half a GB. Expedited: 0.5 x 0.03 + 4 x 10/1000; Standard: 0.5 x 0.01 + 4 x 0.05/1000; Bulk is free."""
    plan = planned(cold("GLACIER", 4, GB // 8), days=2)
    told = {one.tier: (one.retrieval, one.time, one.longest) for one in plan.options}
    assert told == {
        Tier.EXPEDITED: (Decimal("0.055"), "1-5 minutes", dt.timedelta(minutes=5)),
        Tier.STANDARD: (Decimal("0.0052"), "3-5 hours", dt.timedelta(hours=5)),
        Tier.BULK: (Decimal(0), "5-12 hours", dt.timedelta(hours=12)),
    }
    assert {one.copy for one in plan.options} == {Decimal("0.0115") * 3 / 30}


def test_both_classes_wait_for_the_slower_and_add_up():
    plan = planned([*cold("GLACIER", 1, GB), *cold("DEEP_ARCHIVE", 1, GB)])
    standard = option(plan, Tier.STANDARD)
    assert standard.retrieval == Decimal("0.01005") + Decimal("0.0201")
    assert standard.longest == dt.timedelta(hours=12)
    assert "DEEP_ARCHIVE" in option(plan, Tier.EXPEDITED).refused


def test_minutes_are_promised_only_below_250_mb():
    assert not option(planned(cold("GLACIER", 1, 249_999_999)), Tier.EXPEDITED).refused
    assert "(1 objects are larger)" in option(planned(cold("GLACIER", 1, 250_000_000)), Tier.EXPEDITED).refused


STANDINGS = [
    ("STANDARD", {}, Standing.WARM),
    ("STANDARD_IA", {}, Standing.WARM),
    ("GLACIER_IR", {}, Standing.WARM),
    ("GLACIER", {}, Standing.COLD),
    ("DEEP_ARCHIVE", {}, Standing.COLD),
    ("DEEP_ARCHIVE", {"restoring": True}, Standing.RESTORING),
    ("GLACIER", {"readable_until": TOMORROW}, Standing.RESTORED),
    ("GLACIER", {"readable_until": NOW}, Standing.COLD),  # has just expired
    ("INTELLIGENT_TIERING", {}, Standing.UNSURE),
]


@pytest.mark.parametrize(("storage_class", "more", "expected"), STANDINGS)
def test_who_can_be_read(storage_class, more, expected):
    one = Archived("k", 1, "e", storage_class, **more)
    assert standing(one, NOW) is expected
    assert State((one,), NOW).readable is (expected in (Standing.WARM, Standing.RESTORED))


def test_nothing_is_not_readable():
    assert not State((), NOW).readable
    assert "nothing of it is archived" in state_text(State((), NOW), "q")


def test_readable_and_restoring_objects_cost_nothing_and_are_told():
    objects = [
        Archived("a", GB, "e", "STANDARD"),
        Archived("b", GB, "e", "DEEP_ARCHIVE", restoring=True),
        Archived("c", GB, "e", "GLACIER", readable_until=TOMORROW),
        Archived("d", GB, "e", "DEEP_ARCHIVE"),
    ]
    plan = planned(objects)
    assert [one.key for one in plan.cold] == ["d"]
    assert plan.chosen.retrieval == Decimal("0.0201")
    assert plan.needs_approval(Decimal(0))
    text = plan_text(plan)
    for words in ("being restored    DEEP_ARCHIVE", "paid for already", "until 2026-11-25 12:00 UTC", "readable at once", "  d"):
        assert words in text
    warm = planned(objects[:1])
    assert (warm.needs_approval(Decimal(0)), warm.chosen.together) == ("", Decimal(0))
    assert "nothing to pay" in plan_text(warm)


def test_an_unknown_price_is_above_every_budget():
    plan = planned(cold("GLACIER", 1, 1), region="mars-north-1")
    assert plan.chosen.together is None
    assert "no price known for mars-north-1" in plan.needs_approval(Decimal(10**9))
    assert "unknown" in plan_text(plan)
    assert plan_json(plan)["options"][1]["together"] is None


def test_the_budget_is_compared_with_the_chosen_tier():
    objects = cold("DEEP_ARCHIVE", 10, 2 * GB)
    cost = planned(objects).chosen.together
    assert planned(objects).needs_approval(cost) == ""
    assert "is above the budget" in planned(objects).needs_approval(cost - Decimal("0.0001"))
    assert planned(objects, tier=Tier.BULK).needs_approval(cost - Decimal("0.0001")) == ""


def test_a_tier_that_is_not_offered_is_refused():
    with pytest.raises(ConfigurationError, match="DEEP_ARCHIVE has no Expedited"):
        planned(cold("DEEP_ARCHIVE", 1, 1), tier=Tier.EXPEDITED).must_be_offered()


def test_the_hash_covers_what_would_be_done_and_paid():
    objects = cold("GLACIER", 3, GB)
    base = planned(objects).hash
    others = [
        planned(objects, days=8),
        planned(objects, tier=Tier.BULK),
        planned(objects[:2]),
        planned([*objects[:2], dataclasses.replace(objects[2], etag="other")]),
        planned(objects, region="eu-central-1"),
    ]
    assert len({base, *(one.hash for one in others)}) == len(others) + 1
    assert planned(list(reversed(objects))).hash == base
    assert planned([*objects[:2], dataclasses.replace(objects[2], restoring=True)]).hash == planned(objects[:2]).hash
    assert planned([*objects, Archived("warm", 1, "e", "STANDARD")]).hash == base


@given(st.lists(st.tuples(st.sampled_from(restore.ARCHIVED), st.integers(0, 5 << 30)), max_size=30), st.integers(1, 365))
def test_more_objects_never_cost_less_and_slower_tiers_never_more(sizes, days):
    objects = [Archived(f"k{n:03d}", size, "e", storage_class) for n, (storage_class, size) in enumerate(sizes)]
    standard, bulk = (option(planned(objects, days=days), tier).together for tier in (Tier.STANDARD, Tier.BULK))
    assert Decimal(0) <= bulk <= standard
    assert option(planned(objects[:-1], days=days), Tier.STANDARD).together <= standard
    state = State(tuple(objects), NOW)
    assert sum(count for _, _, count, _ in state.counts()) == len(objects)
    assert sum(size for *_, size in state.counts()) == sum(one.size for one in objects)


def test_a_copy_that_expires_too_early_is_kept_longer_for_a_request_and_storage_only():
    """1,000 copies of 1 GB in DEEP_ARCHIVE: 1,000 Bulk requests cost 0.025; storage 1,000 x 0.023 x 8/30."""
    soon, later = NOW + dt.timedelta(days=6, hours=23), NOW + dt.timedelta(days=7)
    objects = [Archived(f"k{n:04d}", GB, "e", "DEEP_ARCHIVE", readable_until=soon) for n in range(1000)]
    objects.append(Archived("later", GB, "e", "DEEP_ARCHIVE", readable_until=later))
    assert planned(objects).requested == ()
    plan = planned(objects, tier=Tier.BULK, extend=True)
    assert (len(plan.extended), plan.cold) == (1000, ())
    assert (plan.chosen.retrieval, plan.chosen.copy) == (Decimal("0.025"), Decimal(23) * 8 / 30)
    assert (plan.chosen.time, plan.chosen.longest) == ("at once", dt.timedelta(0))
    assert plan.needs_approval(Decimal(6)) == "$6.16 is above the budget of $6.00"
    assert "copies to keep for 7 days from now" in plan_text(plan)
    assert planned(objects, tier=Tier.EXPEDITED, extend=True).chosen.refused == ""
    assert planned(objects, extend=True).hash != planned(objects).hash


def test_many_objects_are_named_in_json_and_counted_in_text():
    plan = planned(cold("GLACIER", 25, 1))
    assert "... and 5 more" in plan_text(plan)
    assert len(plan_json(plan)["objects"]) == 25


def test_money_is_rounded_up():
    assert [money(Decimal(x), "USD") for x in ("0", "0.0001", "1234.561")] == ["$0.00", "$0.01", "$1,234.57"]
    assert money(Decimal(2), "EUR") == "2.00 EUR"
