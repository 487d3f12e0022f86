"""A synced folder judged with keys from a file: no bucket, no AWS, no set-up."""

import base64
import json
import os
import socket
from pathlib import Path

import pytest
from tests.archive_world import BEGIN, SIGNER, a_chain
from tests.chain_world import VALID_FROM, VALID_TO
from tests.vectors.make_chain import Chain, Signer, hourly

from itemtrail.cli import main as cli
from itemtrail.errors import NotFound
from itemtrail.local.store import FolderStore

KEY = {
    "Value": base64.b64encode(SIGNER.pkcs1).decode(),
    "ValidityStartTime": VALID_FROM.timestamp(),
    "ValidityEndTime": f"{VALID_TO.timestamp()}",
    "Fingerprint": SIGNER.fingerprint,
}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"PublicKeyList": [KEY]}), encoding="utf-8")
    return path


def synced(chain: Chain, folder: Path, *, cut: str = "", metadata: bool = False) -> Path:
    """The chain's objects as ``aws s3 sync`` leaves them; ``cut`` is what the copy left out of their keys."""
    for key, item in chain.objects.items():
        path = folder / key.removeprefix(cut)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(item.body)
        if metadata:
            os.setxattr(path, "user.itemtrail", json.dumps({"metadata": item.metadata}).encode())
    return folder


def judged(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict]:
    """Exit code and the one chain's document."""
    code = cli.main(["validate", *(str(word) for word in words), "--json"])
    (chain,) = json.loads(capsys.readouterr().out)["chains"]
    return code, chain


def not_proven(chain: dict) -> list[tuple[str, str]]:
    found = [(one["verdict"], one["reason"]) for one in (*chain["slots"], *chain["objects"])]
    return [pair for pair in found if pair[0] != "PROVEN"]


@pytest.mark.parametrize("cut", ["", "audit/"])
def test_each_digest_is_proven_by_its_successor_and_the_newest_by_none(tmp_path, keys, capsys, cut):
    folder = synced(a_chain(), tmp_path / "copy", cut=cut)
    code, chain = judged(capsys, folder, "--keys", keys)
    assert (code, chain["account"], chain["region"]) == (1, "111122223333", "us-east-1")
    newest = max(slot["end"] for slot in chain["slots"])
    assert [slot["reason"] for slot in chain["slots"] if slot["end"] == newest] == ["METADATA_MISSING"]
    assert {verdict for verdict, _ in not_proven(chain)} == {"UNPROVABLE"}
    assert len(chain["slots"]) == 30
    assert chain["counts"]["slots"]["PROVEN"] == 29


def test_a_range_before_the_newest_is_wholly_proven(tmp_path, keys, capsys):
    folder = synced(a_chain(), tmp_path / "copy")
    code, chain = judged(capsys, folder, "--keys", keys, "--from", "2026-03-10", "--to", "2026-03-11")
    assert (code, chain["verdict"], len(chain["slots"])) == (0, "PROVEN", 24)


def test_signatures_that_a_tar_kept_prove_the_newest_too(tmp_path, keys, capsys):
    try:
        folder = synced(a_chain(), tmp_path / "copy", metadata=True)
    except OSError:
        pytest.skip(f"{tmp_path} is on a file system without extended attributes")
    code, chain = judged(capsys, folder, "--keys", keys)
    assert (code, chain["verdict"]) == (0, "PROVEN")


@pytest.mark.parametrize("what", ["change", "delete", "link"])
def test_a_log_that_was_harmed_is_named(tmp_path, keys, capsys, what):
    folder = synced(a_chain(), tmp_path / "copy")
    victim = sorted((folder / "audit/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/10").iterdir())[7]
    body = victim.read_bytes()
    victim.unlink()
    if what == "change":
        victim.write_bytes(body[:10] + b"?" + body[11:])
    elif what == "link":
        (tmp_path / "elsewhere").write_bytes(body)
        victim.symlink_to(tmp_path / "elsewhere")
    code, chain = judged(capsys, folder, "--keys", keys, "--to", "2026-03-11")
    bad = [one for one in chain["objects"] if one["verdict"] != "PROVEN"]
    assert (code, len(bad), bad[0]["verdict"]) == (1, 1, "DISPROVEN")
    assert bad[0]["key"].endswith(victim.name)


def test_keys_of_another_signer_prove_nothing(tmp_path, keys, capsys):
    other = KEY | {"Value": base64.b64encode(Signer(8).pkcs1).decode(), "Fingerprint": Signer(8).fingerprint}
    keys.write_text(json.dumps({"PublicKeyList": [other]}), encoding="utf-8")
    code, chain = judged(capsys, synced(a_chain(), tmp_path / "copy"), "--keys", keys, "--to", "2026-03-11")
    assert (code, chain["counts"]["slots"]["PROVEN"]) == (1, 0)


def test_the_keys_folder_of_an_archive_serves_too(tmp_path, capsys):
    archived = {
        "fingerprint": SIGNER.fingerprint,
        "region": "us-east-1",
        "valid_from": VALID_FROM.isoformat(),
        "valid_to": VALID_TO.isoformat(),
        "value": base64.b64encode(SIGNER.pkcs1).decode(),
    }
    path = tmp_path / "keys" / "region=us-east-1" / "a.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(archived), encoding="utf-8")
    code, _ = judged(capsys, synced(a_chain(), tmp_path / "copy"), "--keys", tmp_path / "keys", "--to", "2026-03-11")
    assert code == 0


def test_two_regions_are_two_chains(tmp_path, keys, capsys):
    folder = synced(a_chain(), tmp_path / "copy")
    synced(hourly(Chain(SIGNER, region="eu-west-1"), BEGIN, 30, logs=1), folder)
    code = cli.main(["validate", str(folder), "--keys", str(keys), "--to", "2026-03-11", "--json"])
    chains = json.loads(capsys.readouterr().out)["chains"]
    assert (code, [one["region"] for one in chains]) == (0, ["eu-west-1", "us-east-1"])
    assert judged(capsys, folder, "--keys", keys, "--region", "us-east-1", "--to", "2026-03-11")[0] == 0
    assert cli.main(["validate", str(folder), "--keys", str(keys), "--region", "eu-north-1"]) == 2
    assert "ask for what does: 111122223333/eu-west-1" in capsys.readouterr().err


def test_no_socket_is_opened(tmp_path, keys, capsys, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    assert judged(capsys, synced(a_chain(), tmp_path / "copy"), "--keys", keys, "--to", "2026-03-11")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["COPY"], "--keys"),
        (["nowhere", "--keys", "KEYS"], "not a folder"),
        (["EMPTY", "--keys", "KEYS"], "no digest"),
        (["COPY", "--keys", "nothing.json"], "cannot be read"),
        (["--bucket", "b"], "--account, --region, --from, --to"),
    ],
)
def test_what_is_missing_is_said(tmp_path, keys, capsys, words, said):
    names = {"COPY": synced(a_chain(3), tmp_path / "copy"), "KEYS": keys, "EMPTY": tmp_path / "empty"}
    (tmp_path / "empty").mkdir()
    assert cli.main(["validate", *(str(names.get(word, word)) for word in words)]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_lists_in_the_order_of_keys_and_never_leaves_itself(tmp_path):
    for name in ("a/b/c", "a/b.txt", "a-b", "a/b/d/e", "z"):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    store = FolderStore(tmp_path / "root", root="p/")
    keys = [info.key for info in store.list("")]
    assert keys == sorted(keys) == ["p/a-b", "p/a/b.txt", "p/a/b/c", "p/a/b/d/e", "p/z"]
    for after in ["", *keys, "p/a/b/"]:
        assert [info.key for info in store.list("p/a/", start_after=after)] == [
            k for k in keys if k.startswith("p/a/") and k > after
        ]
    assert (store.list_prefixes(""), store.list_prefixes("p/"), store.list_prefixes("p/a/")) == (("p",), ("a",), ("b",))
    for key in ("p/../root/z", "p//etc/passwd", "z", "p/a"):
        with pytest.raises(NotFound):
            store.read(key)
