"""The prepared HMAC is the standard library's, whatever key and message, before and after others were used."""

from __future__ import annotations

import hmac

from hypothesis import given
from hypothesis import strategies as st

from livefair.domain.mac import mac


@given(keys=st.lists(st.binary(max_size=150), min_size=1, max_size=20), message=st.binary(max_size=300))
def test_it_is_what_the_standard_library_computes(keys: list[bytes], message: bytes) -> None:
    for key in (*keys, *keys):
        assert mac(key, message) == hmac.digest(key, message, "sha256")


def test_a_known_answer() -> None:
    # RFC 4231, test cases 2 and 6.
    assert mac(b"Jefe", b"what do ya want for nothing?").hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )
    assert mac(b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First").hex() == (
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    )
