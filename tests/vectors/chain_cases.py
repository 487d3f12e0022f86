"""All cases of ``tests/vectors/chain``: importing this registers them."""

from tests.vectors import (
    chain_cases_backfill,
    chain_cases_digests,
    chain_cases_logs,
    chain_cases_scenarios,
    chain_cases_signed,
    chain_cases_versions,
)
from tests.vectors.chain_case import CASES, END, LATER, START, base, vector, write_all

MODULES = (
    chain_cases_digests,
    chain_cases_signed,
    chain_cases_logs,
    chain_cases_backfill,
    chain_cases_scenarios,
    chain_cases_versions,
)
__all__ = ["CASES", "END", "LATER", "START", "base", "vector", "write_all"]
