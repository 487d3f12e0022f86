"""Adapters of the ports over AWS: boto3 for control and locked writes, obstore for bulk reads."""
