"""The price table: the packaged file, an own copy, and what an object is billed as."""

import datetime as dt
import re
from decimal import Decimal

import pytest

from itemtrail.core.prices import CLASSES, GB, PriceTable, parse
from itemtrail.errors import ConfigurationError
from itemtrail.flows.prices import PACKAGED

TEXT = PACKAGED.read_text(encoding="utf-8")


def table(text: str = TEXT) -> PriceTable:
    return parse(text, file="my.toml")


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def test_the_packaged_table_is_dated_sourced_and_priced_in_dollars() -> None:
    prices = table()
    assert prices.as_of >= dt.date(2026, 11, 24)
    assert prices.currency == "USD"
    assert "https://aws.amazon.com/cloudtrail/pricing/" in prices.sources


def test_the_second_copy_of_aws_own_example_costs_three_dollars() -> None:
    """CloudTrail pricing page: 150,000 management events in a second copy are $3, 2 million data events $2."""
    prices = table().of("us-east-1")
    assert prices is not None
    assert 150_000 * prices.management_copy_per_100000 / 100_000 == 3
    assert 2_000_000 * prices.data_events_per_100000 / 100_000 == 2


def test_the_restore_of_aws_own_example_costs_1774_dollars() -> None:
    """AWS re:Post, "manage data retrieval": 15 million objects, 100 TB: standard 750 + 1,024; expedited 150,000 + 3,072."""
    size = int(102_400 * GB)
    assert table().retrieval_cost("us-east-1", "GLACIER", "Standard", 15_000_000, size) == 1774
    assert table().retrieval_cost("us-east-1", "GLACIER", "Expedited", 15_000_000, size) == 153_072
    assert table().retrieval_cost("us-east-1", "GLACIER", "Bulk", 15_000_000, size) == 0


def test_small_objects_in_deep_archive_pay_forty_kilobytes_each() -> None:
    """149,000 digests of 2 KB: 0.28 GB of data, 5.7 GB billed, 1.1 GB of it at STANDARD's price."""
    billed, standard = table().billed_bytes("DEEP_ARCHIVE", 149_000, 149_000 * 2048)
    assert (billed, standard) == (149_000 * (2048 + 32_768), 149_000 * 8192)
    month = table().storage_month("us-east-1", "DEEP_ARCHIVE", 149_000, 149_000 * 2048)
    assert month == (billed * Decimal("0.00099") + standard * Decimal("0.023")) / GB


def test_small_objects_in_instant_retrieval_pay_128_kilobytes() -> None:
    assert table().billed_bytes("GLACIER_IR", 10, 1000) == (10 * 131_072, 0)
    assert table().billed_bytes("GLACIER_IR", 1, 200_000) == (200_000, 0)


@pytest.mark.parametrize("storage_class", CLASSES)
def test_every_class_has_a_price_in_every_region(storage_class: str) -> None:
    for region in table().regions:
        month = table().storage_month(region, storage_class, 1, 2**30)
        assert month is not None
        assert month > 0


def test_a_region_without_prices_is_none_and_said_never_zero() -> None:
    prices = table()
    assert prices.of("ap-south-2") is None
    assert prices.storage_month("ap-south-2", "STANDARD", 1, 1) is None
    assert prices.retrieval_cost("ap-south-2", "GLACIER", "Bulk", 1, 1) is None
    assert "no price known for ap-south-2 in my.toml" in prices.no_price("ap-south-2")


def test_no_region_named_means_the_default_one() -> None:
    assert table().of() == table().of("us-east-1")


def test_a_region_like_another_says_how_sure_it_is_by_itself() -> None:
    prices = table()
    first, second, third = prices.of("us-east-1"), prices.of("us-west-2"), prices.of("eu-west-1")
    assert first is not None
    assert second is not None
    assert third is not None
    assert second.classes == first.classes
    assert set(second.sure.values()) == {"remembered"}
    assert first.sure["cloudtrail"] == "confirmed"
    assert (third.log_ingest_per_gb, first.log_ingest_per_gb) == (Decimal("0.57"), Decimal("0.50"))


def test_deep_archive_has_no_expedited_tier_and_standard_needs_no_restore() -> None:
    for storage_class, tier in (
        ("DEEP_ARCHIVE", "Expedited"),
        ("STANDARD", "Standard"),
        ("GLACIER_IR", "Bulk"),
        ("NONE", "Bulk"),
    ):
        with pytest.raises(ValueError, match="not restored"):
            table().retrieval_cost("us-east-1", storage_class, tier, 1, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("as_of = ", "is not TOML"),
        (changed("as_of = 2026-11-24", 'as_of = "yesterday"'), "`as_of`"),
        (changed("as_of = 2026-11-24", "as_of = 2026-11-24T00:00:00Z"), "`as_of`"),
        (changed("gb_month = 0.023", "gb_month = -0.023"), "`regions.us-east-1.s3.STANDARD.gb_month` = -0.023"),
        (changed("gb_month = 0.023", "gb_month = nan"), "finite"),
        (changed("gb_month = 0.023", "gb_month = true"), "must be a"),
        (changed("gb_month = 0.023", 'gb_month = "0.023"'), "must be a number"),
        (changed("gb_month = 0.023\n", ""), "`regions.us-east-1.s3.STANDARD.gb_month` is missing"),
        (changed("gb_month = 0.023", "gb_month = 0.023\ngb_year = 1"), "`regions.us-east-1.s3.STANDARD.gb_year` is not a key"),
        (changed('sure = "confirmed"', 'sure = "quite"'), "allowed are confirmed, agreed, remembered"),
        (changed('same_as = "us-east-1"', 'same_as = "us-east-9"'), "`regions.us-east-2.same_as`"),
        (changed('default_region = "us-east-1"', 'default_region = "mars-1"'), "`default_region`"),
        (changed("minimum_bytes = 131072", "minimum_bytes = 1.5"), "`classes.STANDARD_IA.minimum_bytes`"),
        (re.sub(r"Bulk = \{ per_gb = 0.00, per_1000 = 0.00 \}.*\n", "", TEXT, count=1), "retrieval.Bulk` is missing"),
        ("", "`as_of` is missing"),
    ],
)
def test_a_wrong_file_is_refused_naming_file_and_key(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(says)) as caught:
        table(text)
    assert "my.toml" in str(caught.value)
