"""Adapters over files on this machine: what an auditor has who was given a folder and no AWS account."""
