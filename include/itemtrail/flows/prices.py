"""The price table in use: the packaged one, or the user's own copy named in ``[prices] file``.

Refuses to mix the two: an own file is complete, so that every number shown comes from one file of one date.
"""

from pathlib import Path

from itemtrail.core.prices import PriceTable, parse
from itemtrail.errors import ConfigurationError
from itemtrail.settings import Settings

PACKAGED = Path(__file__).resolve().parents[1] / "prices.toml"


def price_table(settings: Settings) -> PriceTable:
    """The table in use.

    Raises:
        ConfigurationError: the file is missing or wrong.
    """
    path = Path(settings.prices.file).expanduser() if settings.prices.file else PACKAGED
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {path}: {error.strerror}.", advice="name a copy of the packaged prices.toml in `prices.file`."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8.", advice="save it as UTF-8.") from error
    return parse(text, file=str(path) if settings.prices.file else path.name)
