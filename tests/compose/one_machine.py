"""Run inside the sandbox's container, as its owner: the same days by `itemtrail archive`, one process after the other, into an
archive of its own; then every object of both, name and SHA-256, as JSON on standard output.

Arguments: first day, last day. Reads only what the compose stack's archive holds; its own is the prefix ``one-machine/``.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import boto3

from itemtrail.settings import load

PREFIX = "one-machine"
CONFIGURATION = Path("/tmp/one-machine.toml")


def main(first: str, last: str) -> None:
    settings = load(Path(os.environ["ITEMTRAIL_CONFIG"]))
    text = Path(os.environ["ITEMTRAIL_CONFIG"]).read_text(encoding="utf-8")
    CONFIGURATION.write_text(text.replace("[archive]\n", f'[archive]\nprefix = "{PREFIX}"\n', 1), encoding="utf-8")
    units = [f"--unit={account}/{region}" for account in settings.archive.accounts for region in settings.archive.regions]
    command = [sys.executable, "-m", "itemtrail.cli.main", "archive", "--config", str(CONFIGURATION), *units]
    command += ["--from", first, "--to", last]  # with units named: the evening of set-up, before the first day, is not asked for
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"itemtrail archive ended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    found = objects(settings.archive.bucket)
    own = {key.removeprefix(f"{PREFIX}/"): value for key, value in found.items() if key.startswith(f"{PREFIX}/")}
    cluster = {key: value for key, value in found.items() if not key.startswith(f"{PREFIX}/")}
    json.dump({"cluster": cluster, "one_machine": own}, sys.stdout)


def objects(bucket: str) -> dict[str, str]:
    """SHA-256 of the content of every object, by key."""
    s3 = boto3.client("s3")
    keys = [
        one["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket) for one in page.get("Contents", ())
    ]
    return {key: hashlib.sha256(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).hexdigest() for key in keys}


main(*sys.argv[1:])
