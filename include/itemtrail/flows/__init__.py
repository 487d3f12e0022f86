"""Use cases over ports. A flow gets its adapters by argument and never chooses them."""
