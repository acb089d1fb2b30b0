"""From bytes to a checked body, or to the problem that says everything that is wrong with them at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.intake import quick
from services.intake.models import ID_PATTERN, NAME_PATTERN, SignUp
from services.intake.problems import FieldError, Refused, shown

Model = TypeVar("Model", bound=BaseModel)

_QUICK: Mapping[type[BaseModel], quick.Decode] = {SignUp: quick.decoder(SignUp)}

ERRORS_AT_MOST = 20
"""Of a body that is wrong everywhere, this many are said."""

_WANTED: Mapping[str, tuple[str, str]] = {
    "int_type": ("a whole number", "整数"),
    "int_from_float": ("a whole number", "整数"),
    "int_parsing": ("a whole number", "整数"),
    "int_parsing_size": ("a whole number of a sensible size", "大小合理的整数"),
    "string_type": ("a text", "文本"),
    "bool_type": ("true or false", "true 或 false"),
    "bool_parsing": ("true or false", "true 或 false"),
    "tuple_type": ("a list", "列表"),
    "list_type": ("a list", "列表"),
    "model_type": ("an object", "对象"),
    "model_attributes_type": ("an object", "对象"),
    "dict_type": ("an object", "对象"),
    "none_required": ("null", "null"),
}
_LIMITS: Mapping[str, tuple[str, str]] = {
    "string_too_short": ("too-short", "min_length"),
    "string_too_long": ("too-long", "max_length"),
    "greater_than_equal": ("too-small", "ge"),
    "less_than_equal": ("too-great", "le"),
}


def read(model: type[Model], body: bytes) -> Model:
    """The body as `model`. Raises Refused: broken-json, or invalid-fields with an entry for each field.

    The one that comes most is read in a quicker way first, to something with the same attributes.
    """
    decode = _QUICK.get(model)
    if decode is not None:
        with suppress(quick.NotQuick):
            return cast("Model", decode(body))
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _refused(model, error) from None


def take(model: type[Model], values: Mapping[str, Any]) -> Model:
    """The same from values that are no JSON, a form's; texts are read as numbers and dates where those are meant."""
    try:
        return model.model_validate(values, strict=False)
    except ValidationError as error:
        raise _refused(model, error) from None


def _refused(model: type[BaseModel], error: ValidationError) -> Refused:
    details = error.errors(include_url=False, include_context=True, include_input=False)
    if details[0]["type"] == "json_invalid":
        return Refused("broken-json", values={"reason": shown(str(details[0].get("ctx", {}).get("error", "")))})
    return Refused("invalid-fields", errors=[_field(model, each) for each in details[:ERRORS_AT_MOST]])


def _field(model: type[BaseModel], detail: ErrorDetails) -> FieldError:
    """One error of pydantic's in our words."""
    path, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    if kind in _LIMITS:
        code, name = _LIMITS[kind]
        return FieldError(path, code, {"limit": str(context[name])})
    if kind in _WANTED:
        en, zh = _WANTED[kind]
        return FieldError(path, "wrong-type", {"wanted": {"en": en, "zh-CN": zh}})
    said = _SAID.get(kind)
    if said is not None:
        return said(model, path, context)
    if kind.startswith("date"):
        return FieldError(path, "not-a-date")
    return FieldError(path, "bad-value", {"reason": detail["msg"].removeprefix("Value error, ")})


_FORMS = {
    ID_PATTERN: {"en": "an id, as an answer gave it", "zh-CN": "接口返回的编号"},
    NAME_PATTERN: {"en": "no spaces, '/' or ':'", "zh-CN": "不含空格、“/”和“:”"},
}
_Said = Callable[[type[BaseModel], tuple[int | str, ...], Mapping[str, Any]], FieldError]


def _unknown(model: type[BaseModel], path: tuple[int | str, ...], _context: Mapping[str, Any]) -> FieldError:
    near = difflib.get_close_matches(str(path[-1])[:40], _names(model, path[:-1]), n=1)
    meant = {"en": f": did you mean {near[0]}?", "zh-CN": f"：是不是 {near[0]}？"} if near else ""
    return FieldError(path, "unknown-field", {"near": meant})


def _names(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The fields of the object at `path`."""
    for part in path:
        field = model.model_fields.get(str(part))
        inner = next((each for each in _types(field.annotation) if each is not None), None) if field else None
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)


def _types(annotation: Any) -> list[type[BaseModel] | None]:
    options = getattr(annotation, "__args__", (annotation,))
    return [each if isinstance(each, type) and issubclass(each, BaseModel) else None for each in options]


def _counted(code: str, name: str) -> _Said:
    return lambda _model, path, context: FieldError(path, code, {"limit": str(context[name])})


_SAID: Mapping[str, _Said] = {
    "missing": lambda _model, path, _context: FieldError(path, "missing"),
    "extra_forbidden": _unknown,
    "too_short": _counted("too-few", "min_length"),
    "too_long": _counted("too-many", "max_length"),
    "literal_error": lambda _model, path, context: FieldError(
        path, "not-one-of", {"wanted": str(context["expected"]).replace("'", "").replace(" or ", ", ")}
    ),
    "string_pattern_mismatch": lambda _model, path, context: FieldError(
        path, "bad-form", {"wanted": _FORMS[str(context["pattern"])]}
    ),
    "value_error": lambda _model, path, context: FieldError(path, "bad-value", {"reason": str(context["error"])}),
}
