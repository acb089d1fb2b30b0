"""Strategies made from the types of the wire's records, so that a field added there is tested here unasked."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

import hypothesis.strategies as st
import msgspec
from msgspec import inspect as types

TEXT = st.text(max_size=12)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
"""Any JSON document."""
RAW = DOCUMENTS.map(lambda document: msgspec.Raw(msgspec.json.encode(document)))


def of(kind: types.Type) -> st.SearchStrategy[Any]:
    """Values of a type as `msgspec.inspect` describes it; every field of a record is drawn, defaults too."""
    match kind:
        case types.StructType(cls=cls, fields=fields):
            return st.builds(cls, **{field.name: of(field.type) for field in fields})
        case types.UnionType(types=members):
            return st.one_of([of(member) for member in members])
        case types.VarTupleType(item_type=item):
            return st.lists(of(item), max_size=3).map(tuple)
        case types.TupleType(item_types=items):
            return st.tuples(*map(of, items))
        case types.LiteralType(values=values):
            return st.sampled_from(values)
        case types.StrType():
            return TEXT
        case types.IntType():
            return INTEGERS
        case types.BoolType():
            return st.booleans()
        case types.NoneType():
            return st.none()
        case types.DateType():
            return st.dates(dt.date(1, 1, 1))
        case types.RawType():
            return RAW
    raise NotImplementedError(f"no strategy for {kind}: add one here")


@functools.cache
def records(union: Any) -> st.SearchStrategy[Any]:
    """Records of a struct or a union of structs."""
    return of(types.type_info(union))
