"""Posture checks: one check a file, each a pure function of a snapshot."""
