"""Reading a body that is right, at a quarter of pydantic's cost. What this does not take, pydantic reads and judges.

It may refuse what pydantic takes, never the other way round; fields and bounds are those of the pydantic model itself.
"""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import annotated_types
import msgspec
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Decode = Callable[[bytes], Any]
_LEAVES = (str, int, bool, types.NoneType)


class NotQuick(Exception):
    """Left to pydantic."""


class _Day(NamedTuple):
    """Where a date stands in the body, and its bounds, which msgspec does not know."""

    path: tuple[str, ...]
    least: dt.date
    most: dt.date


def decoder(model: type[BaseModel]) -> Decode:
    """A function from a body's bytes to something with the attributes of `model`. It raises NotQuick.

    TypeError where the model holds something that is not known here.
    """
    days: list[_Day] = []
    decode = msgspec.json.Decoder(_struct(model, (), days)).decode

    def read(body: bytes) -> Any:
        try:
            found = decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise NotQuick from None
        for path, least, most in days:
            value: Any = found
            for name in path:
                value = getattr(value, name)
            if value is not None and not least <= value <= most:
                raise NotQuick
        return found

    return read


def _struct(model: type[BaseModel], path: tuple[str, ...], days: list[_Day]) -> type[msgspec.Struct]:
    fields: list[Any] = []
    for name, field in model.model_fields.items():
        kind = _type(field.annotation, field.metadata, (*path, name), days)
        if field.is_required():
            fields.append((name, kind))
        elif isinstance(field.default, BaseModel):
            inner = get_args(kind)[0] if get_origin(kind) is Annotated else kind
            fields.append((name, kind, msgspec.field(default_factory=inner)))
        else:
            fields.append((name, kind, field.default))
    # Fields that must be there come first: the order means nothing in JSON.
    fields.sort(key=len)
    forbids = model.model_config.get("extra") == "forbid"
    return msgspec.defstruct(model.__name__, fields, kw_only=True, forbid_unknown_fields=forbids, gc=False, frozen=True)


def _type(kind: Any, metadata: list[Any], path: tuple[str, ...], days: list[_Day]) -> Any:
    """What msgspec reads for an annotation of pydantic's."""
    origin, arguments = get_origin(kind), get_args(kind)
    bounds = dict(_bounds(metadata))
    found: Any = kind
    if origin is Annotated:
        inner = [each for one in arguments[1:] for each in (one.metadata if isinstance(one, FieldInfo) else [one])]
        return _type(arguments[0], [*inner, *metadata], path, days)
    if origin in (Union, types.UnionType):
        return Union[tuple(_type(each, metadata, path, days) for each in arguments)]  # noqa: UP007
    if kind is dt.date:
        days.append(_Day(path, bounds.pop("ge"), bounds.pop("le")))
    elif origin is tuple:
        found = tuple[_type(arguments[0], [], (), []), ...]  # type: ignore[misc]
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        found = _struct(kind, path, days)
    elif origin is not Literal and kind not in _LEAVES:
        raise TypeError(f"{'.'.join(path)} is {kind}: a quick way to read it is not known")
    return Annotated[found, msgspec.Meta(**bounds)] if bounds and kind is not types.NoneType else found


def _bounds(metadata: list[Any]) -> Iterator[tuple[str, Any]]:
    for each in metadata:
        match each:
            case annotated_types.MinLen(min_length=least):
                yield "min_length", least
            case annotated_types.MaxLen(max_length=most):
                yield "max_length", most
            case annotated_types.Ge(ge=least):
                yield "ge", least
            case annotated_types.Le(le=most):
                yield "le", most
            case _ if getattr(each, "pattern", None):
                # In Python `$` also matches before a last newline; pydantic's does not.
                yield "pattern", each.pattern.removesuffix("$") + r"\Z"
            case _ if getattr(each, "strict", None) is None:
                raise TypeError(f"{each!r}: a quick way to check it is not known")
