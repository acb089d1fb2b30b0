"""Sealing: only the same person, key and master key open what was sealed."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefair.errors import UnreadableRecord
from livefair.sealing import Contact, Sealer, record_key

MASTER = b"m" * 32
SEALER = Sealer(MASTER)
CONTACT = Contact("张丽", "+8613800138000", health="hepatitis B, cured")


@given(name=st.text(min_size=1), phone=st.text(), id_number=st.text(), health=st.text())
def test_what_is_sealed_is_unsealed(name: str, phone: str, id_number: str, health: str) -> None:
    contact = Contact(name, phone, id_number, health)
    locked = SEALER.seal("c1", contact)
    assert Sealer(MASTER).unseal("c1", locked.sealed, locked.value) == contact


def test_nothing_of_it_shows() -> None:
    locked = SEALER.seal("c1", CONTACT)
    shown = msgspec.json.encode(locked.sealed) + locked.value + locked.key.encode()
    for clear in (CONTACT.name.encode(), b"13800138000", b"hepatitis", MASTER):
        assert clear not in shown


def test_each_sealing_has_a_key_of_its_own() -> None:
    first, second = SEALER.seal("c1", CONTACT), SEALER.seal("c1", CONTACT)
    assert first.sealed.key_id != second.sealed.key_id
    assert first.key == record_key("c1", first.sealed.key_id)
    assert first.value != second.value
    assert first.sealed.data != second.sealed.data
    with pytest.raises(UnreadableRecord):
        SEALER.unseal("c1", first.sealed, second.value)


def test_another_person_or_master_key_opens_nothing() -> None:
    locked = SEALER.seal("c1", CONTACT)
    with pytest.raises(UnreadableRecord):
        SEALER.unseal("c2", locked.sealed, locked.value)
    with pytest.raises(UnreadableRecord, match="master key is another"):
        Sealer(b"n" * 32).unseal("c1", locked.sealed, locked.value)


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b'{"master":"x","wrapped":"!"}', b'{"master":"x","wrapped":""}'])
def test_a_damaged_key_record_is_said_to_be_one(value: bytes) -> None:
    locked = SEALER.seal("c1", CONTACT)
    with pytest.raises(UnreadableRecord):
        SEALER.unseal("c1", locked.sealed, value)


def test_damaged_data_is_said_to_be_damaged() -> None:
    locked = SEALER.seal("c1", CONTACT)
    for data in ("", "x", locked.sealed.data[:-8], "A" * len(locked.sealed.data)):
        with pytest.raises(UnreadableRecord):
            SEALER.unseal("c1", msgspec.structs.replace(locked.sealed, data=data), locked.value)


def test_the_master_key_is_named_but_not_told() -> None:
    assert SEALER.master == Sealer(MASTER).master != Sealer(b"n" * 32).master
    assert len(SEALER.master) == 8
