"""Versions of the interface between an SDK and the core."""


def parse_version(text):
    """'1.5' -> ('1', '5'). ValueError for anything else."""
    parts = text.split('.')
    if len(parts) != 2 or not all(part.isdigit() for part in parts):
        raise ValueError("'{}' is not a version of the form major.minor".format(text))
    return tuple(parts)
