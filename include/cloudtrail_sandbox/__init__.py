"""A local AWS whose CloudTrail really records, delivers, signs and refuses. Shares no code with itemtrail."""
