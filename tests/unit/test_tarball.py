"""The originals tar: same members, same bytes; offsets that GNU tar and Python agree with."""

import datetime as dt
import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itemtrail.core.tarball import Member, TarWriter, extract, members, read_member
from itemtrail.errors import EvidenceError

WHEN = dt.datetime(2026, 11, 21, 10, 5, 59, 999_999, tzinfo=dt.UTC)
LONG = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/21/" + "a" * 180 + "_Zürich.json.gz"


def write(path: Path, *bodies: tuple[str, bytes]) -> list[int]:
    with path.open("wb") as file:
        tar = TarWriter(file)
        offsets = [tar.add(name, body, modified=WHEN, attributes={"version_id": "v1"}) for name, body in bodies]
        assert tar.close() == file.tell()
    return offsets


def test_the_same_members_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, ("a", b"1"), (LONG, b"2" * 1000))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_offsets_are_where_the_bytes_lie(tmp_path: Path) -> None:
    path = tmp_path / "t.tar"
    offsets = write(path, ("a", b"first"), (LONG, b"second" * 100), ("empty", b""))
    data = path.read_bytes()
    assert data[offsets[0] :][:5] == b"first"
    assert data[offsets[1] :][:600] == b"second" * 100
    assert [(m.name, m.offset, m.size) for m in members(path, name="t")] == [
        ("a", offsets[0], 5),
        (LONG, offsets[1], 600),
        ("empty", offsets[2], 0),
    ]


def test_gnu_tar_extracts_the_tree_in_silence(tmp_path: Path) -> None:
    write(tmp_path / "t.tar", ("AWSLogs/1/a.json.gz", b"bytes"), (LONG, b"more"))
    done = subprocess.run(["tar", "xf", "t.tar"], cwd=tmp_path, capture_output=True, text=True, env={"LC_ALL": "C.UTF-8"})
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "AWSLogs/1/a.json.gz").read_bytes() == b"bytes"
    assert (tmp_path / LONG).read_bytes() == b"more"


def test_metadata_travels_in_the_tar_itself(tmp_path: Path) -> None:
    write(tmp_path / "t.tar", ("a", b"x"))
    with tarfile.open(tmp_path / "t.tar") as tar:
        info = tar.next()
    assert info is not None
    assert info.mtime == int(WHEN.timestamp())
    assert json.loads(info.pax_headers["SCHILY.xattr.user.itemtrail"]) == {"version_id": "v1"}


def test_a_file_is_added_and_taken_out_without_being_held(tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(bytes(range(256)) * 10_000)
    with (tmp_path / "t.tar").open("wb") as file:
        tar = TarWriter(file)
        offset = tar.add("big", body)
        tar.close()
    member = Member("big", offset, body.stat().st_size, "")
    assert extract(tmp_path / "t.tar", member, tmp_path / "out").read_bytes() == body.read_bytes()


@pytest.mark.parametrize("cut", [100, 600, 1100, 1600])
def test_a_cut_tar_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "t.tar"
    write(path, ("a", b"x" * 2000))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(EvidenceError, match=r"originals/x\.tar is not the tar it should be"):
        list(members(path, name="originals/x.tar"))


def test_a_link_in_a_tar_is_refused(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        link = tarfile.TarInfo("a")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    (tmp_path / "t.tar").write_bytes(data.getvalue())
    with pytest.raises(EvidenceError, match="not a plain file"):
        list(members(tmp_path / "t.tar", name="t"))


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=300).filter(
    lambda name: not name.endswith("/")
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(NAMES, st.binary(max_size=2000)), max_size=6, unique_by=lambda pair: pair[0]))
def test_any_key_and_any_bytes_come_back(tmp_path_factory: pytest.TempPathFactory, bodies: list[tuple[str, bytes]]) -> None:
    path = tmp_path_factory.mktemp("tar") / "t.tar"
    write(path, *bodies)
    assert [(m.name, read_member(path, m)) for m in members(path, name="t")] == bodies
