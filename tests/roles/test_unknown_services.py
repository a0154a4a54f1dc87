"""A service whose key begins with the stack's name: what is typed, and what it is called in full."""

from __future__ import annotations

import pytest

from roles.stacks.desired import Unplannable, refuse_unknown
from skep.model import Stack


def test_a_key_that_begins_with_the_stacks_name_is_named_in_full() -> None:
    services: dict[str, object] = {"shop_shop_db": None, "shop_web": None}
    with pytest.raises(Unplannable) as refused:
        refuse_unknown(Stack("shop", ()), frozenset({"shop_db"}), services)
    assert refused.value.findings[0].next_action == "write in full: shop_shop_db"
    with pytest.raises(Unplannable) as refused:
        refuse_unknown(Stack("shop", ()), frozenset({"shop_cache"}), services)
    assert refused.value.findings[0].next_action == "its services are: shop_shop_db, shop_web"
    refuse_unknown(Stack("shop", ()), frozenset({"shop_shop_db"}), services)
