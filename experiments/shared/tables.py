"""Tables in answers."""


def table(*rows: tuple[str, ...]) -> str:
    """The first row is the head. Indented, so that it may stand in an item of a list too."""
    lines = (rows[0], ("---",) * len(rows[0]), *rows[1:])
    return "\n\n" + "\n".join(f"  | {' | '.join(row)} |" for row in lines) + "\n\n "
