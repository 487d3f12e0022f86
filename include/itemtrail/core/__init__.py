"""Pure logic: keys, digests, chain, records, conversion, plans, receipts. No IO and no clock in here."""
