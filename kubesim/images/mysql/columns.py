"""CREATE TABLE: which columns there may be, and how SQLite is told to hold them to their types."""

from __future__ import annotations

from sqlglot import exp

from kubesim.images.mysql.data import INT, TEXT, Table
from kubesim.images.mysql.errors import unsupported

_TYPES = {
    exp.DType.INT: INT,
    exp.DType.BIGINT: INT,
    exp.DType.VARCHAR: TEXT,
    exp.DType.CHAR: TEXT,
    exp.DType.TEXT: TEXT,
}
_LIMITS = {exp.DType.INT: 2**31, exp.DType.BIGINT: 2**63}


def table_of(create: exp.Expr) -> tuple[Table, list[str]]:
    """The table, and its columns' definitions for SQLite."""
    schema = create.this
    if not isinstance(schema, exp.Schema):
        raise unsupported("CREATE TABLE without columns")
    properties = create.args.get("properties")
    for one in properties.expressions if properties else ():
        if not isinstance(one, exp.EngineProperty | exp.CharacterSetProperty | exp.CollateProperty):
            raise unsupported(one.sql("mysql"))
    columns: dict[str, str] = {}
    rows: list[str] = []
    counter = ""
    for one in schema.expressions:
        if isinstance(one, exp.ColumnDef):
            kind = _TYPES.get(one.kind.this) if one.kind else None
            if kind is None:
                raise unsupported(f"the type of column {one.name}")
            columns[one.name] = kind
            if any(isinstance(c.kind, exp.AutoIncrementColumnConstraint) for c in one.constraints):
                counter = one.name
            rows.append(_definition(one, kind))
        elif isinstance(one, exp.PrimaryKey):
            rows.append(f"PRIMARY KEY ({', '.join(_quoted(c.name) for c in one.expressions)})")
        else:
            raise unsupported(one.sql("mysql"))
    return Table(columns, counter), rows


def _definition(column: exp.ColumnDef, kind: str) -> str:
    name = _quoted(column.name)
    constraints = [one.kind for one in column.constraints]
    words = [name, "INTEGER" if kind == INT else "TEXT COLLATE NOCASE"]
    if any(isinstance(one, exp.PrimaryKeyColumnConstraint) for one in constraints):
        auto = any(isinstance(one, exp.AutoIncrementColumnConstraint) for one in constraints)
        words.append("PRIMARY KEY AUTOINCREMENT" if auto else "PRIMARY KEY NOT NULL")
    for one in constraints:
        match one:
            case exp.PrimaryKeyColumnConstraint() | exp.AutoIncrementColumnConstraint():
                continue
            case exp.NotNullColumnConstraint() if not one.args.get("allow_null"):
                words.append("NOT NULL")
            case exp.UniqueColumnConstraint():
                words.append("UNIQUE")
            case exp.DefaultColumnConstraint() if isinstance(one.this, exp.Literal | exp.Null):
                words.append(f"DEFAULT {one.this.sql('sqlite')}")
            case _:
                raise unsupported(one.sql("mysql") if one else column.sql("mysql"))
    dtype = column.kind
    if kind == INT and dtype is not None and dtype.this in _LIMITS and _LIMITS[dtype.this] < 2**63:
        limit = _LIMITS[dtype.this]
        words.append(f"CHECK ({name} BETWEEN {-limit} AND {limit - 1})")
    elif kind == TEXT and dtype is not None and dtype.expressions:
        words.append(f"CHECK (length({name}) <= {int(dtype.expressions[0].name)})")
    return " ".join(words)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
