"""Personal data under a key of its person's own: AES-256-GCM, the key wrapped by the master key.

Only a door that has the master key seals and unseals; destroying the wrapped key (a tombstone in
`candidate-keys`) makes what it sealed unreadable for ever, and the record stays.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from livefair.domain.ids import spell
from livefair.errors import UnreadableRecord
from livefair.wire.facts import Sealed

KEY_BYTES = 32
NONCE_BYTES = 12
ID_BYTES = 10
"""A key's id is random, so that it tells nothing: 80 bits, sixteen letters."""


class Contact(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is sealed: `phone` in E.164, `id_number` and `health` empty where they were not given."""

    name: str
    phone: str
    id_number: str = ""
    health: str = ""


class WrappedKey(msgspec.Struct, frozen=True):
    """The value of a record in `candidate-keys`: `wrapped` is base64url of nonce and ciphertext under `master`."""

    master: str
    wrapped: str


class Locked(NamedTuple):
    """A person's data, sealed, and the record of its key that must be in Kafka before it: key and value."""

    sealed: Sealed
    key: str
    value: bytes


_encode = msgspec.json.Encoder().encode
_read_contact = msgspec.json.Decoder(Contact).decode
_read_key = msgspec.json.Decoder(WrappedKey).decode


def record_key(candidate: str, key_id: str) -> str:
    """The key of a data key's record in `candidate-keys`; also the associated data of both encryptions."""
    return f"{candidate}/{key_id}"


class Sealer:
    """Seals and unseals with one master key (32 bytes), which `master` names without giving it away."""

    def __init__(self, master: bytes) -> None:
        self._master = AESGCM(master)
        self.master = hashlib.sha256(b"livefair master key\x00" + master).hexdigest()[:8]

    def seal(self, candidate: str, contact: Contact) -> Locked:
        """Seal under a new data key."""
        random = os.urandom(KEY_BYTES + 2 * NONCE_BYTES + ID_BYTES)
        data_key, nonces = random[:KEY_BYTES], random[KEY_BYTES:-ID_BYTES]
        own, wrapping = nonces[:NONCE_BYTES], nonces[NONCE_BYTES:]
        key_id = spell(random[-ID_BYTES:])
        name = record_key(candidate, key_id)
        bound = name.encode()
        data = own + AESGCM(data_key).encrypt(own, _encode(contact), bound)
        wrapped = wrapping + self._master.encrypt(wrapping, data_key, bound)
        value = _encode(WrappedKey(self.master, base64.urlsafe_b64encode(wrapped).decode()))
        return Locked(Sealed(key_id, base64.urlsafe_b64encode(data).decode()), name, value)

    def unseal(self, candidate: str, sealed: Sealed, key_record: bytes) -> Contact:
        """What was sealed. Raises UnreadableRecord where the key is another's, or either was changed."""
        bound = record_key(candidate, sealed.key_id).encode()
        try:
            wrapped = base64.urlsafe_b64decode(_read_key(key_record).wrapped)
            data_key = self._master.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound)
            data = base64.urlsafe_b64decode(sealed.data)
            return _read_contact(AESGCM(data_key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], bound))
        except InvalidTag:
            raise UnreadableRecord("sealed data does not open with its key: the master key is another one") from None
        except (binascii.Error, msgspec.DecodeError, ValueError) as error:
            raise UnreadableRecord(f"sealed data is damaged: {type(error).__name__}") from None
