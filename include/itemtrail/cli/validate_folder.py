"""`itemtrail validate PATH --keys FILE`: a copy of a trail bucket on this machine, judged without AWS and without any set-up.

Decides: what is asked of a folder (every account and Region whose digests lie in it, from the first digest to the last, unless
told narrower). Refuses to speak of later hours: nobody knows when the copy was made. A copy without the objects' metadata has
no signatures of its own: each digest is proven by the one after it, and the newest by none.
"""

import argparse
import datetime as dt
import json
from collections.abc import Callable

from itemtrail.cli.validate_report import exit_code, members, table
from itemtrail.errors import ConfigurationError
from itemtrail.flows.find_place import Chain, Place, find_place
from itemtrail.flows.find_trail import find_trail, organization
from itemtrail.flows.validate import validate
from itemtrail.local.public_keys import FileKeys
from itemtrail.local.store import FolderStore
from itemtrail.model import TrailRef, Validation
from itemtrail.settings import ConversionSettings, ValidationSettings

_Say = Callable[[str], None]


def run(arguments: argparse.Namespace, conversion: ConversionSettings, rules: ValidationSettings, *, say: _Say) -> int:
    """Judge the folder and print; returns the exit code.

    Raises:
        ConfigurationError: nothing can be judged.
    """
    if arguments.keys is None:
        raise ConfigurationError(
            "a folder is judged with public keys from a file.",
            advice="give --keys FILE: what `aws cloudtrail list-public-keys` printed, or the keys/ folder of an archive.",
        )
    keys = FileKeys(arguments.keys)
    place = find_place(FolderStore(arguments.folder), max_bytes=conversion.max_inflated_bytes)
    store = FolderStore(arguments.folder, root=place.root)
    judged: list[tuple[TrailRef, Chain, Validation]] = []
    for chain in _asked(arguments, place):
        trail = _trail(arguments, store, place, chain)
        result = validate(
            store,
            keys,
            trail,
            None,
            account=chain.account,
            region=chain.region,
            start=chain.start,
            end=chain.end,
            now=chain.end + dt.timedelta(minutes=rules.digest_due_minutes),
            rules=rules,
            max_bytes=conversion.max_inflated_bytes,
            progress=say,
        )
        judged.append((trail, chain, result))
    _print(judged, arguments)
    return exit_code([result for _, _, result in judged])


def _asked(arguments: argparse.Namespace, place: Place) -> list[Chain]:
    found = [
        Chain(one.account, one.region, arguments.start or one.start, arguments.end or one.end)
        for one in place.chains
        if arguments.account in (None, one.account) and arguments.region in (None, one.region)
    ]
    if not found or any(one.start >= one.end for one in found):
        there = ", ".join(
            f"{one.account}/{one.region} {one.start:%Y-%m-%dT%H:%M} to {one.end:%Y-%m-%dT%H:%M}" for one in place.chains
        )
        raise ConfigurationError("nothing that is asked for lies there.", advice=f"ask for what does: {there}.")
    return found


def _trail(arguments: argparse.Namespace, store: FolderStore, place: Place, chain: Chain) -> TrailRef:
    bucket = arguments.bucket or place.bucket
    if arguments.trail_arn:
        return TrailRef(arguments.trail_arn, bucket, place.prefix, organization(store, place.prefix, chain.account))
    return find_trail(store, bucket, place.prefix, chain.account, chain.region, start=chain.start, end=chain.end)


def _print(judged: list[tuple[TrailRef, Chain, Validation]], arguments: argparse.Namespace) -> None:
    if arguments.json:
        chains = [
            {"account": chain.account, "region": chain.region, "trail": trail.arn, **members(result)}
            for trail, chain, result in judged
        ]
        print(json.dumps({"chains": chains}, indent=1))
        return
    for trail, chain, result in judged:
        heading = f"{chain.account} {chain.region}, trail {trail.name}, {arguments.folder}"
        print(table(result, heading, chain.start, chain.end), end="\n\n")
