"""Tag rules: a name and an SQL condition on an incident each, checked before they are kept, as one macro over its columns."""

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from analytics.errors import InputError, OptionError, QueryError
from analytics.schema import COLUMNS
from analytics.sources.base import literal
from analytics.sources.table import nearest
from analytics.store.connection import Store, sql_text
from analytics.store.describing import comment_on

if TYPE_CHECKING:
    import pandas as pd

    from analytics.store.outlines import Record

INPUTS = ("incident_id", "source", "source_id", *(column.name for column in COLUMNS), "raw")
"""Columns that a rule may speak of: what the source reported, and nothing that follows from other loads."""

_NAME = re.compile(r"[\w][\w .&/-]{0,39}")
_LONGEST = 20_000
_MOST = 200
_CLASSES = {
    "CONSTANT",
    "COLUMN_REF",
    "FUNCTION",
    "COMPARISON",
    "CONJUNCTION",
    "OPERATOR",
    "CASE",
    "CAST",
    "BETWEEN",
    "TYPE",
}
_REFUSED = {"SUBQUERY": "a subquery", "WINDOW": "a window function", "LAMBDA": "a lambda", "PARAMETER": "a parameter"}
_FUNCTIONS = frozenset((
    "~~", "!~~", "~~*", "!~~*", "~~~", "->", "->>", "||", "+", "-", "*", "/", "//", "%", "lower", "upper",
    "trim", "ltrim", "rtrim", "contains", "starts_with", "ends_with", "prefix", "suffix", "regexp_matches",
    "regexp_full_match", "regexp_extract", "strip_accents", "length", "strlen", "substr", "substring", "left",
    "right", "replace", "concat", "concat_ws", "nullif", "greatest", "least", "abs", "round", "floor", "ceil",
    "trunc", "year", "quarter", "month", "day", "dayofweek", "isodow", "week", "date_part", "date_diff",
    "datediff", "date_trunc", "list_value", "list_contains", "position", "strpos", "instr", "json_extract",
    "json_extract_string", "place_key",
))  # fmt: skip
"""Functions that a rule may use: each follows from its arguments alone, and makes nothing much larger than they are."""


def rules(path: object, text: str) -> "list[Record]":
    """The rules of a TOML file: a section per tag, with where (SQL over an incident) and meaning (in words).

    Raises InputError for what is no such file; whether the conditions can be used, `check_rules` says.
    """
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not valid TOML: {error}") from error
    if not content:
        raise InputError(f'{path} has no rules: a section [NAME] with where = "..." each')
    if len(content) > _MOST:
        raise InputError(f"{path} has {len(content)} rules; {_MOST} at most")
    return [_rule(f"{path}, rule {name!r}", name, rule) for name, rule in content.items()]


def _rule(line: str, name: str, rule: Any) -> "Record":
    if not _NAME.fullmatch(name):
        raise InputError(f"{line}: a tag's name is up to 40 letters, digits, blanks and . & / - characters")
    if not isinstance(rule, dict):
        raise InputError(f'{line}: must be a section with where = "...", got {rule!r}')
    for key, value in rule.items():
        if key not in ("where", "meaning"):
            raise InputError(f"{line}: unknown key {key!r}{nearest(key, ('where', 'meaning'))}")
        if not isinstance(value, str):
            raise InputError(f"{line}: {key} must be text, got {value!r}")
    if not rule.get("where", "").strip():
        raise InputError(f"{line}: where is missing or empty")
    return {"tag": name, "where": rule["where"].strip(), "meaning": rule.get("meaning", "").strip(), "_line": line}


def check_rules(store: Store, records: "Sequence[Record]") -> None:
    """Raise InputError, naming the rule and the reason, unless each condition is one expression over an incident.

    Only the incident's own columns and functions without effect are allowed: no subquery, file, setting or clock.
    """
    for record in records:
        if problem := _problem(store, record["where"]):
            raise InputError(f"{record['_line']}: where {_shown(record['where'])} {problem}")


def _shown(sql: str) -> str:
    return repr(sql if len(sql) <= 200 else sql[:200] + " …")


def _problem(store: Store, sql: str) -> str:
    """What keeps *sql* from being a rule's condition; "" where nothing does."""
    if len(sql) > _LONGEST:
        return f"has {len(sql)} characters; {_LONGEST} at most"
    try:
        tree = json.loads(store.value("SELECT CAST(json_serialize_sql($sql) AS VARCHAR)", {"sql": f"SELECT ({sql}\n)"}))
    except QueryError as error:
        return f"cannot be read: {_first_line(error)}"
    if tree["error"]:
        return f"is not one SQL expression: {str(tree.get('error_message')).splitlines()[0]}"
    nodes = [statement["node"] for statement in tree["statements"]]
    plain = len(nodes) == 1 and nodes[0]["type"] == "SELECT_NODE" and len(nodes[0]["select_list"]) == 1
    if not plain or nodes[0]["from_table"]["type"] != "EMPTY" or nodes[0]["modifiers"] or nodes[0]["where_clause"]:
        return "is not one SQL expression"
    return next((found for node in _nodes(nodes[0]["select_list"]) if (found := _refusal(node))), "") or _misfit(
        store, sql
    )


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every expression in the database's own reading of a statement."""
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "class" in one:
                yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _refusal(node: dict[str, Any]) -> str:
    """Why an expression may not be part of a rule; "" where it may."""
    kind = node["class"]
    if kind not in _CLASSES:
        return f"holds {_REFUSED.get(kind, kind.lower().replace('_', ' '))}, which a rule may not"
    if kind == "FUNCTION" and (node["function_name"] not in _FUNCTIONS or node.get("schema")):
        return (
            f"calls {node['function_name']}, which is not among the functions of rules: {', '.join(sorted(_FUNCTIONS))}"
        )
    if kind == "COLUMN_REF" and (len(node["column_names"]) > 1 or node["column_names"][0].lower() not in INPUTS):
        name = ".".join(node["column_names"])
        return f"names {name!r}, which is no column of an incident's record{nearest(name, INPUTS)}"
    return ""


def _misfit(store: Store, sql: str) -> str:
    """What the database says against *sql* over an incident, or that it is no condition; "" where it fits."""
    try:
        kind = store.value(
            f"SELECT column_type FROM (DESCRIBE SELECT ({sql}\n) FROM (SELECT {', '.join(INPUTS)} FROM versions))"
        )
    except QueryError as error:
        return f"cannot be used: {_first_line(error)}"
    return "" if kind == "BOOLEAN" else f"is no condition, but {kind}"


def _first_line(error: QueryError) -> str:
    return str(error).split("\n")[0]


def write_rules(store: Store) -> None:
    """Make `tags_of` anew from the rules in force; a rule that cannot be worked out for a record does not hold for it."""
    rows = store.rows('SELECT tag, "where" FROM tag_rule ORDER BY tag')
    cases = ", ".join(f"CASE WHEN try(({where}\n)) THEN {literal(tag)} END" for tag, where in rows)
    text = sql_text("tags_of")
    made = text.replace("MACRO IF NOT EXISTS", "OR REPLACE MACRO")
    if rows:
        made = made.replace("CAST([] AS VARCHAR[])", f"list_filter([{cases}], lambda tag: tag IS NOT NULL)")
    store.run(made)
    store.run(comment_on("MACRO", "tags_of", text))


def tagged(store: Store, tags: Sequence[str], where: str) -> str:
    """*where*, and that an incident bears all of *tags*; raises OptionError for a tag that has no rule."""
    known = [tag for (tag,) in store.rows("SELECT tag FROM tag_rule ORDER BY tag")]
    for tag in tags:
        if tag not in known:
            raise OptionError(
                f"tag {tag!r} has no rule{nearest(tag, known) if known else '; load some: incidents tags FILE'}"
            )
    return " AND ".join(
        [*([f"({where}\n)"] if where else []), *(f"list_contains(tags, {literal(tag)})" for tag in dict.fromkeys(tags))]
    )


def unfolded(store: Store, sql: str) -> str:
    """*sql* over an incident with the rule itself in place of each `list_contains(tags, 'NAME')`: so no other is worked out.

    A rule costs a second for a million descriptions, and `tags` all of them; what *sql* says stays the same.
    """
    if "tags" not in sql.lower():
        return sql
    rules = dict(store.rows('SELECT tag, "where" FROM tag_rule'))
    before, after = "SELECT (", "\n)"
    text = f"{before}{sql}{after}".encode()
    tree = json.loads(store.value("SELECT CAST(json_serialize_sql($sql) AS VARCHAR)", {"sql": text.decode()}))
    asked = [(node["query_location"], node["query_location_length"], _asked(node)) for node in _nodes(tree)]
    for place, length, tag in sorted(one for one in asked if one[2] in rules)[::-1]:
        text = text[:place] + f"coalesce(try(({rules[tag]}\n)), false)".encode() + text[place + length :]
    return text.decode().removeprefix(before).removesuffix(after)


def _asked(node: dict[str, Any]) -> str:
    """The tag that an expression asks for, if that is all it does; else ""."""
    if node.get("function_name") != "list_contains":
        return ""
    names, asked = ([one["expression"] for one in node["arguments"]] + [{}, {}])[:2]
    is_text = asked.get("literal", {}).get("kind") == "STRING"
    return str(asked["literal"]["text"]) if is_text and names.get("column_names") == ["tags"] else ""


def tag_counts(store: Store) -> "pd.DataFrame":
    """One row per rule: tag, incidents, killed, first and latest day, three examples (the latest), meaning, where."""
    return store.frame(
        "WITH borne AS (SELECT unnest(tags) AS tag, incident_id, occurred_on, killed FROM incidents) "
        "SELECT r.tag, count(b.tag) AS incidents, CAST(sum(b.killed) AS BIGINT) AS killed, min(b.occurred_on) AS first_day, "
        "max(b.occurred_on) AS latest_day, "
        "coalesce(array_to_string(list_transform(max(row(b.occurred_on, b.incident_id), 3), lambda one: one[2]), ' '), '') AS examples, "
        'r.meaning, r."where" FROM tag_rule AS r LEFT JOIN borne AS b ON b.tag = r.tag '
        'GROUP BY r.tag, r.meaning, r."where" ORDER BY r.tag'
    )
