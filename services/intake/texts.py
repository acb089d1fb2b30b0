"""The sentences of intake's problems, in English and Chinese.

Each says what is wrong and what to do about it; none repeats what a person said of themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Language = Literal["en", "zh-CN"]
Texts = Mapping[Language, str]


class Kind(NamedTuple):
    """A kind of problem; `retry_after` (s) where the same request may succeed later."""

    status: int
    title: Texts
    detail: Texts
    retry_after: int | None = None


def _both(en: str, zh: str) -> Texts:
    return {"en": en, "zh-CN": zh}


PROBLEMS: Mapping[str, Kind] = {
    "broken-json": Kind(
        400,
        _both("The body is not JSON", "正文不是 JSON"),
        _both("The body cannot be read as JSON: {reason}.", "正文无法按 JSON 读取：{reason}。"),
    ),
    "broken-form": Kind(
        400,
        _both("The form cannot be read", "表单无法读取"),
        _both("Send it again from its page.", "请从原页面重新提交。"),
    ),
    "invalid-fields": Kind(
        422,
        _both("Some fields are wrong", "有字段不对"),
        _both("Correct the fields that `errors` points to, and send it again.", "请改正 errors 所指的字段后重发。"),
    ),
    "key-missing": Kind(
        400,
        _both("No Idempotency-Key", "缺少 Idempotency-Key"),
        _both(
            "Send the header Idempotency-Key with a value of your own for this request; use the same one to repeat it.",
            "请带上请求头 Idempotency-Key，其值由您自定；重发同一请求时用同一个值。",
        ),
    ),
    "key-invalid": Kind(
        400,
        _both("The Idempotency-Key is wrong", "Idempotency-Key 不对"),
        _both(
            "An Idempotency-Key has 1 to 255 printable ASCII characters, in quotes or not.",
            "Idempotency-Key 应为 1 到 255 个可见 ASCII 字符，可加引号。",
        ),
    ),
    "key-reused": Kind(
        422,
        _both("The Idempotency-Key was used for something else", "Idempotency-Key 已用于别的内容"),
        _both(
            "Another body came with this Idempotency-Key before: repeat that one, or choose a new key.",
            "此 Idempotency-Key 曾随另一份正文使用：请重发原来的正文，或换一个新值。",
        ),
    ),
    "key-in-flight": Kind(
        409,
        _both("The same request is on its way", "同一请求正在处理"),
        _both(
            "A request with this Idempotency-Key is being handled: ask again in a second.",
            "带此 Idempotency-Key 的请求正在处理：请一秒后再试。",
        ),
        1,
    ),
    "unauthenticated": Kind(
        401,
        _both("Who are you?", "请先登录"),
        _both("{reason}.", "{reason}。"),
    ),
    "forbidden": Kind(
        403,
        _both("Not allowed", "没有权限"),
        _both("This is for {who}; your token is for {role}.", "此操作限{who}；您的令牌身份是{role}。"),
    ),
    "employer-not-named": Kind(
        403,
        _both("Not yet named by the host", "主办方尚未指定"),
        _both(
            "An employer opens jobs at a fair once its host has opened one for them: ask the host.",
            "主办方先为用人单位发布过岗位后，用人单位才能自己发布：请联系主办方。",
        ),
    ),
    "no-consent": Kind(
        403,
        _both("No consent", "未获同意"),
        _both(
            "The person has not agreed to be contacted by employers.",
            "本人未同意用人单位联系。",
        ),
    ),
    "other-origin": Kind(
        403,
        _both("Sent from another site", "来自其他网站"),
        _both("This form can only be sent from its own page.", "此表单只能从本站页面提交。"),
    ),
    "not-found": Kind(
        404,
        _both("Not found", "未找到"),
        _both("There is no {what} of this id, or it is not yours.", "没有此编号的{what}，或不属于您。"),
    ),
    "no-such-route": Kind(
        404,
        _both("No such address", "没有此地址"),
        _both("There is nothing at this path: see /openapi.json.", "此路径下没有内容：请看 /openapi.json。"),
    ),
    "method-not-allowed": Kind(
        405,
        _both("Wrong method", "方法不对"),
        _both("This path answers {allowed}.", "此路径接受 {allowed}。"),
    ),
    "fair-closed": Kind(
        409,
        _both("The fair has closed", "招聘会已结束"),
        _both("The fair takes no more {what}: look for another one.", "招聘会已结束，不再接受{what}：请看其他招聘会。"),
    ),
    "illegal-move": Kind(
        409,
        _both("Not from this state", "当前状态不允许"),
        _both(
            "It is {was} and cannot become {to}; it may become {allowed}.",
            "当前是 {was}，不能变为 {to}；可以变为：{allowed}。",
        ),
    ),
    "not-matched": Kind(
        409,
        _both("Not matched yet", "尚未匹配"),
        _both(
            "Contact is shown once the application is matched; it is {was}.",
            "匹配之后才能查看联系方式；当前是 {was}。",
        ),
    ),
    "changed-meanwhile": Kind(
        412,
        _both("It has changed meanwhile", "内容已变"),
        _both("If-Match names an older version: read it again.", "If-Match 是旧版本：请重新读取。"),
    ),
    "forgotten": Kind(
        410,
        _both("Forgotten", "已被遗忘"),
        _both("The person asked to be forgotten; the contact no longer exists.", "本人已要求删除，联系方式不复存在。"),
    ),
    "too-large": Kind(
        413,
        _both("The body is too large", "正文太大"),
        _both("A body may have {limit} bytes.", "正文最多 {limit} 字节。"),
    ),
    "wrong-type": Kind(
        415,
        _both("Wrong content type", "内容类型不对"),
        _both("Send {wanted}, uncompressed, in UTF-8.", "请以 UTF-8、不压缩的 {wanted} 发送。"),
    ),
    "too-slow": Kind(
        408,
        _both("The body did not come in time", "正文未及时到达"),
        _both("Send the whole body within {seconds} s.", "请在 {seconds} 秒内发完正文。"),
    ),
    "too-many": Kind(
        429,
        _both("Too many requests", "请求太多"),
        _both(
            "From your address {limit} a second are taken: wait a second.",
            "同一地址每秒最多 {limit} 次：请稍等一秒。",
        ),
        1,
    ),
    "unavailable": Kind(
        503,
        _both("Not now", "暂时无法处理"),
        _both(
            "Send the same request again, with the same Idempotency-Key: it is never done twice.",
            "请用同一个 Idempotency-Key 重发同一请求：不会重复处理。",
        ),
        1,
    ),
    "not-whole": Kind(
        503,
        _both("Being rebuilt", "正在重建"),
        _both(
            "What is shown is being rebuilt from the log: ask again in a second.", "数据正在从日志重建：请一秒后再试。"
        ),
        1,
    ),
    "internal": Kind(
        500,
        _both("Our fault", "我们的错误"),
        _both("Something went wrong here; our log knows it by {request}.", "服务端出错；日志编号 {request}。"),
    ),
}

FIELD_TEXTS: Mapping[str, Texts] = {
    "missing": _both("is required", "必须填写"),
    "unknown-field": _both("is no field that is known here{near}", "没有这个字段{near}"),
    "wrong-type": _both("must be {wanted}", "应为{wanted}"),
    "not-a-date": _both(
        "is no date of the calendar: write YYYY-MM-DD, as 2026-12-01", "不是有效日期：请写成 YYYY-MM-DD，如 2026-12-01"
    ),
    "not-a-time": _both(
        "is no time: write it as RFC 3339 has it, as 2026-11-24T19:00:00+08:00",
        "不是有效时间：请按 RFC 3339 书写，如 2026-11-24T19:00:00+08:00",
    ),
    "too-short": _both("is too short: at least {limit}", "太短：至少 {limit}"),
    "too-long": _both("is too long: at most {limit}", "太长：最多 {limit}"),
    "too-few": _both("has too few: at least {limit}", "太少：至少 {limit} 项"),
    "too-many": _both("has too many: at most {limit}", "太多：最多 {limit} 项"),
    "too-small": _both("must be at least {limit}", "不能小于 {limit}"),
    "too-great": _both("must be at most {limit}", "不能大于 {limit}"),
    "not-one-of": _both("must be one of {wanted}", "应为其中之一：{wanted}"),
    "bad-form": _both("does not have the form that it should: {wanted}", "格式不对：{wanted}"),
    "bad-value": _both("cannot be: {reason}", "不成立：{reason}"),
    "no-name": _both("must be a name, of letters that can be read aloud", "应为可以读出的姓名"),
    "no-phone": _both(
        "is no telephone number: write eleven digits, as 13800138000, or + and the country's code",
        "不是电话号码：请写 11 位手机号，如 13800138000，或以 + 和国家代码开头",
    ),
    "no-id-number": _both(
        "is no number of an identity card: eighteen characters, the last one checks the others",
        "不是身份证号码：应为 18 位，末位为校验码",
    ),
    "unknown-region": _both("{why}", "{why}"),
    "unknown-code": _both(
        "'{value}' is no {table} of the tables {version}{near}", "“{value}”不在{table}表 {version} 中{near}"
    ),
    "needs-sensitive": _both(
        "must be true, because a health fact or an identity number is given: ask for that consent, or leave it out",
        "给出健康信息或身份证号时须为 true：请征得单独同意，或不填该信息",
    ),
    "unknown-job": _both("'{value}' is no job of this fair", "“{value}”不是本场招聘会的岗位"),
    "pay-upside-down": _both("is less than `min`, {min}", "低于 min（{min}）"),
    "window-upside-down": _both("ends before it starts", "结束早于开始"),
    "needs-hours": _both("is required where the mode is hourly", "钟点工必须填写"),
    "no-hours": _both(
        "is only for work or pay by the hour: leave it out, or make the mode hourly",
        "仅用于钟点工或按小时计薪：请不填，或将 mode 改为 hourly",
    ),
    "nothing-to-change": _both("names nothing to change", "没有要修改的内容"),
    "which-place": _both("is several places: choose one", "有多个同名地方：请选一个"),
}
