"""Whether an image that somebody else wrote can be run: what is wrong is told where it is given, not in a pod."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kubesim.containers.image import Image
from kubesim.errors import SimulationError, did_you_mean

_PROGRAM = "async def app(call: kubesim.Call) -> int"


def checked_images(images: Iterable[Image]) -> list[Image]:
    """The same images.

    Raises:
        SimulationError: one of them is no image, or cannot be run; says which and what to write.
    """
    if isinstance(images, Image):
        raise SimulationError(f"images is the one image {images.name!r}", hint="write it as a list: images=[image]")
    try:
        given = list(images)
    except TypeError as exc:
        raise SimulationError(f"images is no list: {images!r}", hint="images=[kubesim.Image(…)]") from exc
    for image in given:
        if not isinstance(image, Image):
            raise SimulationError(f"among the images is no image: {image!r}", hint="images=[kubesim.Image(…)]")
        if not isinstance(image.name, str):
            raise SimulationError(f"{image.name!r} is no name for an image", hint="give it one such as example/app")
        _check_words(image, "entrypoint", image.entrypoint)
        _check_words(image, "command", image.command)
        _check_programs(image)
        _check_start(image)
    return given


def _check_words(image: Image, field: str, words: object) -> None:
    if isinstance(words, str):
        raise SimulationError(
            f"the {field} of image {image.name} is a text: {words!r}",
            hint=f"write its words as a tuple: {field}={tuple(words.split())!r}",
        )
    if not isinstance(words, tuple | list) or not all(isinstance(word, str) for word in words):
        raise SimulationError(
            f"the {field} of image {image.name} is no tuple of texts: {words!r}",
            hint=f'write the program and its arguments: {field}=("app", "--verbose")',
        )


def _check_programs(image: Image) -> None:
    if not isinstance(image.programs, Mapping):
        raise SimulationError(
            f"the programs of image {image.name} have no names: {image.programs!r}",
            hint='write a dict: programs={"app": app}',
        )
    for name, program in image.programs.items():
        if not isinstance(name, str):
            raise SimulationError(
                f"a program of image {image.name} has a name that is no text: {name!r}",
                hint='write a dict: programs={"app": app}',
            )
        if not callable(program):
            raise SimulationError(
                f"the program {name!r} of image {image.name} is no coroutine function: {program!r}",
                hint=f"write one, {_PROGRAM}, or leave the name out",
            )


def _check_start(image: Image) -> None:
    """Without any command it is for containers that bring one."""
    for path in [*image.entrypoint, *image.command][:1]:
        name = path.rpartition("/")[2]
        if not image.has(name):
            programs = image.programs.keys() | image.servers.keys()
            raise SimulationError(
                f"image {image.name} starts {path!r}, and has no program of that name",
                hint=did_you_mean(name, programs) or f"name it among its programs: programs={{{name!r}: …}}",
            )
