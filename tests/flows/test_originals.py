"""The delivered files back from the archive, and what a hostile archive cannot make of it."""

import dataclasses
from pathlib import Path

import pytest
from tests.archive_world import DAY, ArchiveWorld, a_chain

from itemtrail.core import layout
from itemtrail.core.receipt import Receipt
from itemtrail.flows.originals import is_safe, restore


@pytest.fixture
def world(tmp_path: Path) -> ArchiveWorld:
    (tmp_path / "spool").mkdir()
    return ArchiveWorld(tmp_path / "spool", chain=a_chain(logs=1))


def back(world: ArchiveWorld, to: Path) -> tuple[dict[str, bytes], tuple[str, ...]]:
    done = restore(world.archive, [world.unit], to, world.said.append)
    files = {str(p.relative_to(to)): p.read_bytes() for p in to.rglob("*") if p.is_file()}
    assert done.files <= len(files)
    return files, done.refused


def forge(world: ArchiveWorld, **changes: object) -> None:
    """Rewrite the first original's place in the receipt."""
    key = layout.receipt_key(world.unit, 0)
    receipt = Receipt.from_json(world.archive.body(key), key=key)
    forged = dataclasses.replace(receipt.inputs[0], **changes)  # type: ignore[arg-type]
    world.archive.replace(key, dataclasses.replace(receipt, inputs=(forged, *receipt.inputs[1:])).to_json())


def test_the_tree_comes_back_byte_for_byte_with_the_originals_gone(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    wanted = {key: world.source.body(key) for key in world.source.keys("") if f"{DAY:%Y/%m/%d}" in key}
    for key in world.source.keys(""):
        world.source.delete(key)
    files, refused = back(world, tmp_path / "out")
    assert refused == ()
    assert wanted.items() <= files.items()
    assert len(files) == len(wanted) + 1  # the next day's first digest lists the day's last log


def test_a_second_time_into_the_same_folder_is_no_conflict(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    assert back(world, tmp_path / "out") == back(world, tmp_path / "out")


def test_a_file_with_other_content_is_kept_and_told(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    mine = tmp_path / "out" / world.logs()[0]
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    _, refused = back(world, tmp_path / "out")
    assert mine.read_bytes() == b"mine"
    assert len(refused) == 1
    assert "something else is there" in refused[0]


def test_both_versions_of_a_key_come_back(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    key = world.logs()[0]
    old = world.source.body(key)
    world.source.replace(key, b"forged")
    world.run()
    files, _ = back(world, tmp_path / "out")
    versions = {name: body for name, body in files.items() if name.startswith(key)}
    assert versions.pop(key) == b"forged"
    assert list(versions.values()) == [old]


@pytest.mark.parametrize(
    "name", ["../escape", "a/../../escape", "/etc/escape", "a//b", "a\\..\\b", "c:/x", "a\nb", "", ".", "a/", "x" * 256]
)
def test_a_key_that_would_leave_the_folder_is_refused(world: ArchiveWorld, tmp_path: Path, name: str) -> None:
    assert not is_safe(name)
    world.run()
    forge(world, key=name)
    files, refused = back(world, tmp_path / "in" / "out")
    assert len(refused) == 1
    assert not list(tmp_path.glob("**/escape"))
    assert len(files) == 24 + 25 - 1


def test_a_symbolic_link_in_the_folder_leads_nowhere(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "audit").symlink_to(tmp_path / "elsewhere")
    done = restore(world.archive, [world.unit], tmp_path / "out", world.said.append)
    assert done.files == 0
    assert not [p for p in (tmp_path / "elsewhere").rglob("*") if p.is_file()]


def test_bytes_that_are_not_the_receipts_are_not_written(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    forge(world, offset=0)
    files, refused = back(world, tmp_path / "out")
    assert len(refused) == 1
    assert "are not those of its receipt" in refused[0]
    assert not [name for name in files if ".part" in name]


def test_a_receipt_that_points_outside_the_originals_is_refused(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    forge(world, tar="keys/secret.json")
    _, refused = back(world, tmp_path / "out")
    assert "which is no originals tar" in refused[0]
