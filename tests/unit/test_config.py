"""Settings: a bad value is one sentence that names the variable; children get what their parent has."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

import pytest

from livefair import config
from livefair.errors import SettingError


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("LIVEFAIR_HTTP_PORT", "80a", "'80a'"),
        ("LIVEFAIR_HTTP_PORT", "70000", "65535"),
        ("LIVEFAIR_KAFKA", "localhost", "host:port"),
        ("LIVEFAIR_KAFKA", "a:9092,b:0", "'b:0' must be host:port"),
        ("LIVEFAIR_ORIGINS", "https://a.cn,https://b.cn/x", "'https://b.cn/x'"),
        ("LIVEFAIR_ORIGINS", "https://*.cn", "wildcard"),
        ("LIVEFAIR_LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("LIVEFAIR_MAVEN_MIRROR", "maven.example", "http"),
        ("LIVEFAIR_REPLICATION", "0", "greater than or equal to 1"),
    ],
)
def test_a_bad_value_is_one_sentence_naming_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, part: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as caught:
        config.load()
    assert caught.value.variable == name
    assert name in caught.value.message
    assert part in caught.value.message
    assert "\n" not in caught.value.message


def test_the_password_in_a_bad_redis_url_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEFAIR_REDIS", "http://:swordfish@cache:6379")
    with pytest.raises(SettingError) as caught:
        config.load()
    assert "LIVEFAIR_REDIS" in caught.value.message
    assert "swordfish" not in caught.value.message


def test_an_option_wins_over_a_variable_and_none_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEFAIR_HTTP_PORT", "9000")
    assert config.load(http_port=9001).http_port == 9001
    assert config.load(http_port=None).http_port == 9000


def test_origins_are_split_and_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEFAIR_ORIGINS", "https://a.cn, https://b.cn:8443 ,")
    assert config.load().origins == ("https://a.cn", "https://b.cn:8443")


def test_a_child_reads_the_settings_of_its_parent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    parent = config.load(
        kafka="h:1", redis="redis://h:2/3", data=tmp_path, slot=4, origins=("https://a.cn",), http_port=0
    )
    for name, value in parent.environment(ops_port=17).items():
        monkeypatch.setenv(name, value)
    assert config.load() == parent.model_copy(update={"ops_port": 17})


def test_a_variable_that_is_no_setting_is_found() -> None:
    environment = {"LIVEFAIR_KAKFA": "x", "LIVEFAIR_KAFKA": "h:1", "HOME": "/"}
    assert config.unknown_variables(environment) == ["LIVEFAIR_KAKFA"]


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in config.Settings.model_fields.items() if not field.description] == []


def test_other_commands_find_the_up_that_holds_the_directory(tmp_path: Path) -> None:
    settings = config.load(data=tmp_path)
    config.state_file(tmp_path).write_text(json.dumps({"kafka": "127.0.0.1:1", "redis": "redis://127.0.0.1:2/0"}))
    with config.lock_file(tmp_path).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert config.located(settings).kafka == "127.0.0.1:1"
        assert config.located(settings.model_copy(update={"kafka": "mine:9"})).kafka == "mine:9"
    # Its lock is gone and its file is not: it was killed, and what it wrote is worth nothing.
    with pytest.raises(SettingError, match="LIVEFAIR_KAFKA is not set and no `livefair up` runs"):
        config.located(settings)
