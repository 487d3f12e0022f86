"""What a flow needs from the world: ``data`` (objects, trail reading, keys) and ``control`` (set-up and posture)."""
