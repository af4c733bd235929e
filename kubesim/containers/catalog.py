"""The images that a cluster's nodes can run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from kubesim.containers.guard import guarded
from kubesim.containers.image import AnyProgram, Image
from kubesim.containers.own_images import checked_images
from kubesim.containers.reference import parse_reference
from kubesim.errors import SimulationError
from kubesim.model import Delay


@dataclass(frozen=True, slots=True)
class Family:
    """The names by which an image is known: its repository's, with some of the tags.

    Attributes:
        tags: a pattern for whole tags.
        example: a name of one, for messages.
    """

    tags: str
    example: str
    image: Image

    @property
    def repository(self) -> str:
        """As it is usually written."""
        return self.image.name


class Catalog:
    """Finds images by name. The registry counts: a mirror's image is another one.

    Args:
        families: the first that has a name counts.
    """

    def __init__(self, families: Iterable[Family]) -> None:
        self.families = tuple(families)
        self._found: dict[tuple[str, str], Image | None] = {}

    @property
    def examples(self) -> tuple[str, ...]:
        """A name of each family, for messages."""
        return tuple(sorted({family.example for family in self.families}))

    @property
    def delays(self) -> tuple[Delay, ...]:
        """All parameters that programs of its images draw from."""
        return tuple({delay.name: delay for family in self.families for delay in family.image.delays}.values())

    def find(self, name: str) -> Image | None:
        """What is in an image of this name; None where there is none.

        A digest beside a tag is not looked at; without a tag it does not say which kind of its family an image is.
        """
        reference = parse_reference(name)
        return None if reference is None else self._of(reference.familiar, reference.tag)

    def find_mirrored(self, name: str) -> Image | None:
        """As `find`, for an image of Docker Hub's that any registry may have copied."""
        reference = parse_reference(name)
        return None if reference is None else self._of(reference.repository.removeprefix("library/"), reference.tag)

    def with_images(self, images: Iterable[Image]) -> Catalog:
        """One that knows these too; they go before those that it has.

        Raises:
            SimulationError: one cannot be run; see `checked_images`.
        """
        return Catalog([*map(registered, checked_images(images)), *self.families])

    def _of(self, repository: str, tag: str) -> Image | None:
        key = (repository, tag)
        if key not in self._found:
            family = (f for f in self.families if f.repository == repository and re.fullmatch(f.tags, tag))
            self._found[key] = next((f.image for f in family), None)
        return self._found[key]


def registered(image: Image) -> Family:
    """An image that somebody else wrote: known by all tags, or by the one in its name; see `guarded` for its programs.

    Raises:
        SimulationError: its name is none.
    """
    reference = parse_reference(image.name)
    if reference is None or reference.digest:
        hint = "Give it one such as example/app, registry.example.com/app or example/app:1.0."
        raise SimulationError(f"{image.name!r} is no name for an image", hint=hint)
    tagged = image.name.endswith(f":{reference.tag}")
    programs = {name: _guarded(program) for name, program in image.programs.items()}
    return Family(
        re.escape(reference.tag) if tagged else ".*",
        image.name,
        replace(image, name=reference.familiar, programs=programs),
    )


def _guarded(program: AnyProgram | None) -> AnyProgram | None:
    """Not kubesim's own, which the image may have too: what these raise is a defect, on which no result may rest."""
    if program is None or program.__module__.partition(".")[0] == "kubesim":
        return program
    return guarded(program)
