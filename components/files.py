"""Files that config names."""

from pathlib import Path


def content(file: str) -> str:
    """What the file holds. Raises ValueError, in words for whoever wrote the config, where it cannot be read."""
    try:
        return Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ValueError("there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"this file cannot be read: {error.__class__.__name__}") from None


def check_certificate(file: str) -> str:
    """For a validator: whether the file holds a certificate in PEM."""
    if "-----BEGIN CERTIFICATE-----" not in content(file):
        raise ValueError("this file holds no certificate in PEM")
    return file
