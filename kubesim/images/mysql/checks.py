"""What is let through: expressions that mean the same to MySQL and to SQLite."""

from __future__ import annotations

from sqlglot import exp

from kubesim.images.mysql.data import INT, TEXT, Table
from kubesim.images.mysql.errors import SqlError, unsupported

_KNOWN: tuple[type[exp.Expr], ...] = (
    *(
        exp.Select,
        exp.From,
        exp.Where,
        exp.Order,
        exp.Ordered,
        exp.Limit,
        exp.Table,
        exp.Identifier,
        exp.Star,
        exp.Alias,
    ),
    *(
        exp.Insert,
        exp.Values,
        exp.Tuple,
        exp.Schema,
        exp.Update,
        exp.Delete,
        exp.Column,
        exp.Literal,
        exp.Null,
        exp.Neg,
    ),
    *(
        exp.EQ,
        exp.NEQ,
        exp.GT,
        exp.GTE,
        exp.LT,
        exp.LTE,
        exp.Is,
        exp.In,
        exp.Between,
        exp.And,
        exp.Or,
        exp.Not,
        exp.Paren,
    ),
    *(exp.Add, exp.Sub, exp.Mul, exp.Count, exp.Max, exp.Min),
)
_AGGREGATES = (exp.Count, exp.Max, exp.Min)
_CONDITIONS = (exp.Predicate, exp.Connector, exp.Not, exp.Paren)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Neg)
# Parts of a statement that may be there; anything else that is, is refused.
_PARTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Select: frozenset({"expressions", "from_", "where", "order", "limit"}),
    exp.Insert: frozenset({"this", "expression"}),
    exp.Update: frozenset({"this", "expressions", "where"}),
    exp.Delete: frozenset({"this", "where"}),
    exp.Table: frozenset({"this", "db"}),
    exp.Count: frozenset({"this", "big_int"}),
    exp.In: frozenset({"this", "expressions"}),
}


def only_known_parts(node: exp.Expr) -> None:
    allowed = _PARTS.get(type(node))
    if allowed is None:
        return
    for part, value in node.args.items():
        if value and part not in allowed:
            raise unsupported(f"{part.strip('_').replace('_', ' ')} in {type(node).__name__.upper()}")


def check(statement: exp.Expr, table: Table | None) -> None:
    """Refuse whatever the two databases may understand differently.

    Raises:
        SqlError: MySQL's own error, or 1235 for what only MySQL could do.
    """
    for node in statement.walk():
        if type(node) not in _KNOWN:
            raise unsupported(node.sql("mysql")[:60] or type(node).__name__)
        only_known_parts(node)
        if isinstance(node, exp.Column) and node.name not in (table.columns if table else ()):
            raise SqlError(1054, f"Unknown column '{node.name}' in 'field list'")
        if isinstance(node, exp.Literal) and not node.name.isascii():
            raise unsupported("texts beyond ASCII")
        _check_conditions(node)
        _check_kinds(node, table)
    if isinstance(statement, exp.Select):
        _check_select(statement, table)
    elif isinstance(statement, exp.Insert):
        _check_insert(statement, table)


def _check_conditions(node: exp.Expr) -> None:
    if isinstance(node, exp.Where | exp.And | exp.Or | exp.Not) and not all(
        isinstance(one, _CONDITIONS) for one in node.iter_expressions()
    ):
        raise unsupported("conditions that are no comparison")


def _check_kinds(node: exp.Expr, table: Table | None) -> None:
    """MySQL converts between numbers and texts in its own way, and compares texts by their column's collation."""
    if not isinstance(node, _COMPARISONS + _ARITHMETIC):
        return
    kinds = {kind for one in node.iter_expressions() if (kind := _kind(one, table))}
    calculates = isinstance(node, _ARITHMETIC)
    if len(kinds) > 1 or (calculates and TEXT in kinds):
        raise unsupported("numbers and texts in one comparison or calculation")
    if not calculates and TEXT in kinds and not node.find(exp.Column):
        raise unsupported("comparisons of texts without a column, whose collation they would need")


def _check_select(statement: exp.Select, table: Table | None) -> None:
    star = any(isinstance(one, exp.Star) for one in statement.expressions)
    columns = [column for one in statement.expressions for column in one.find_all(exp.Column)]
    plain = [column for column in columns if not column.find_ancestor(*_AGGREGATES)]
    if statement.find(*_AGGREGATES) and (plain or star):
        raise SqlError(1140, "In aggregated query without GROUP BY, an expression contains a nonaggregated column")
    if star and table is None:
        raise SqlError(1096, "No tables used")


def _check_insert(statement: exp.Insert, table: Table | None) -> None:
    values = statement.expression
    named = statement.this.expressions if isinstance(statement.this, exp.Schema) else ()
    if not isinstance(values, exp.Values):
        raise unsupported("INSERT without VALUES")
    for column in named:
        if table is None or column.name not in table.columns:
            raise SqlError(1054, f"Unknown column '{column.name}' in 'field list'")
    width = len(named) or len(table.columns if table else ())
    for number, row in enumerate(values.expressions, 1):
        if len(row.expressions) != width:
            raise SqlError(1136, f"Column count doesn't match value count at row {number}")


def _kind(node: exp.Expr, table: Table | None) -> str:
    """``text``, ``int`` or, where it is NULL or a condition, empty."""
    match node:
        case exp.Literal():
            return TEXT if node.is_string else INT
        case exp.Column():
            return table.columns.get(node.name, "") if table else ""
        case exp.Count():
            return INT
        case exp.Max() | exp.Min() | exp.Paren() | exp.Neg() | exp.Add() | exp.Sub() | exp.Mul():
            return _kind(node.this, table)
    return ""
