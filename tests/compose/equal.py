"""Two archives compared: which names and contents differ. Pure."""

from collections.abc import Mapping

SHOWN = 20
EVIDENCE = ("archive.json", "originals/", "events/", "quarantine/", "receipts/", "keys/")
"""All that archiving days commits. Nothing in it may differ: a receipt carries no clock and no run id."""


def differences(cluster: Mapping[str, str], one_machine: Mapping[str, str]) -> list[str]:
    """A line for each name that only one has, or whose SHA-256 differs; none where the archives are equal.

    Args:
        cluster: SHA-256 by name.
        one_machine: the same.
    """
    lines = [f"only the cluster has {name}" for name in sorted(cluster.keys() - one_machine.keys())]
    lines += [f"only the one machine has {name}" for name in sorted(one_machine.keys() - cluster.keys())]
    both = sorted(cluster.keys() & one_machine.keys())
    return lines + [f"{name} differs" for name in both if cluster[name] != one_machine[name]]
