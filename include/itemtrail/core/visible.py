"""Text from elsewhere, shown as it is: on one line, unable to steer a terminal or to turn a line's direction."""


def visible(text: str) -> str:
    """``text`` with its unprintable characters as their hexadecimal numbers."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
