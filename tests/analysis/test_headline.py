"""The one sentence that people quote."""

from chaos.analysis.headline import headline
from chaos.analysis.questions.answer import at_most
from chaos.analysis.reading import Reading
from chaos.analysis.statistics import Bound
from chaos.experiment.judging import judges_of, statements
from chaos.model import History
from chaos.model.figure import plain
from tests.histories import Builder, Story, pod_replacement


def first_sentence(history: History) -> str:
    reading = Reading(history)
    return statements(reading, judges_of(reading)).headline


def test_it_says_for_how_long_a_pod_was_unreachable_by_name_and_that_it_is_simulated() -> None:
    history = pod_replacement(Story(), Story())
    said = "deleted pod was unreachable by its name for "
    assert first_sentence(history).startswith(f"On the simulated cluster: A {said}")
    history.meta.simulated = False
    assert first_sentence(history).startswith(f"A {said}")


def test_without_a_fault_that_took_effect_there_is_no_figure() -> None:
    assert (
        headline(Reading(Builder().done()))
        == "In no trial was a fault seen to take effect as meant, so no outage was measured."
    )


def test_without_a_client_it_says_nothing() -> None:
    history = pod_replacement()
    history.series = [s for s in history.series if s.probe != "http"]
    assert headline(Reading(history)) == ""


def test_an_upper_bound_is_never_rounded_down() -> None:
    assert plain(at_most([Bound(31_902_000_000)])) == "at most 31.91 s"
    assert plain(at_most([Bound(31_900_000_000)])) == "at most 31.90 s"
    assert plain(at_most([Bound(1_400_001)])) == "at most 2.0 ms"
    assert plain(at_most([Bound(60_000_000_000, censored=True)])) == "> 60.00 s"
