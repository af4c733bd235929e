"""The model of the simulated cluster knows which of its parameters a run used."""

from __future__ import annotations

from kubesim.model import Delay, Model

DELAYS = tuple(Delay(name, 0.1, high_s, "assumption") for name, high_s in (("a", 0.2), ("b", 0.2), ("fixed", 0.1)))


def test_none_is_drawn_at_first() -> None:
    assert Model(7, DELAYS).drawn() == frozenset()


def test_what_was_drawn_is_known_whichever_way() -> None:
    model = Model(7, DELAYS)
    sample = model.sampler("b")
    model.draw("a")
    assert model.drawn() == {"a"}
    sample()
    model.draw("fixed")
    assert model.drawn() == {"a", "b", "fixed"}


def test_a_fixed_value_that_is_drawn_through_a_sampler_counts() -> None:
    model = Model(7, DELAYS)
    assert model.sampler("fixed")() == 0.1
    assert model.drawn() == {"fixed"}


def test_looking_draws_nothing() -> None:
    looked, other = Model(7, DELAYS), Model(7, DELAYS)
    looked.drawn()
    assert looked.draw("a") == other.draw("a")
