"""A made chain, put into a bucket in memory and validated: what tests of the validation share."""

import datetime as dt
from dataclasses import dataclass, field

from tests.memory import Fault, MemoryKeys, MemoryStore
from tests.vectors.make_chain import Chain, Signer

from itemtrail.flows.validate import validate
from itemtrail.model import LoggingStatus, PublicKey, TrailRef, Validation, Verdict

MAX_BYTES = 1 << 20
VALID_FROM, VALID_TO = dt.datetime(2026, 3, 1, tzinfo=dt.UTC), dt.datetime(2026, 3, 31, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Rules:
    """The defaults of ``settings.ValidationSettings``."""

    digest_due_minutes: int = 90
    unlisted_grace_minutes: int = 180


@dataclass
class World:
    """A bucket with keys, as ``validate`` sees it."""

    trail: TrailRef
    account: str
    region: str
    store: MemoryStore = field(default_factory=lambda: MemoryStore(versioned=False))
    keys: MemoryKeys = field(default_factory=lambda: MemoryKeys([]))

    @classmethod
    def of(cls, chain: Chain, *, versioned: bool = False) -> "World":
        """The chain's objects in a bucket, its public key known."""
        store = MemoryStore(versioned=versioned)
        world = cls(TrailRef(chain.arn, chain.bucket, chain.prefix), chain.account, chain.region, store)
        for key, item in chain.objects.items():
            world.store.put(key, item.body, metadata=item.metadata, at=item.modified)
        world.keys.all.append(public_key(chain.signer, chain.region))
        return world

    def fail(self, key: str, fault: Fault) -> None:
        """Reads of ``key`` fail from now on."""
        self.store.fail(key, fault)

    def validate(self, start: dt.datetime, end: dt.datetime, now: dt.datetime, status: LoggingStatus | None = None) -> Validation:
        """Verdicts on a range."""
        return validate(
            self.store,
            self.keys,
            self.trail,
            status,
            account=self.account,
            region=self.region,
            start=start,
            end=end,
            now=now,
            rules=Rules(),
            max_bytes=MAX_BYTES,
        )


def public_key(signer: Signer, region: str = "us-east-1", *, der: bytes | None = None) -> PublicKey:
    """The signer's key as ListPublicKeys gives it, valid in March 2026."""
    value = der or signer.pkcs1
    return PublicKey(signer.fingerprint, value, region, VALID_FROM, VALID_TO)


def verdicts(result: Validation) -> dict[str, tuple[str, str]]:
    """End of a slot, or key of an object → (verdict, reason)."""
    slots = {f"{s.end:%H:%M:%S}": (str(s.verdict), str(s.reason)) for s in result.slots}
    return slots | {o.key: (str(o.verdict), str(o.reason)) for o in result.objects}


def not_proven(result: Validation) -> dict[str, tuple[str, str]]:
    """The same, of what is not PROVEN."""
    return {k: v for k, v in verdicts(result).items() if v[0] != Verdict.PROVEN}
