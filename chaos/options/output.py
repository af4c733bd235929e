"""What a command tells, where it keeps runs, and which profile it reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chaos.errors import UsageError
from chaos.options.kinds import Choice, File, Flag, Many
from chaos.options.option import Trust, check_group, option


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """What is printed on stdout."""

    output: str = option(
        Choice(("text", "json")), "text", "What is printed on stdout; progress is on stderr.", short="-o"
    )

    def __post_init__(self) -> None:
        check_group(self)

    @property
    def as_json(self) -> bool:
        """Whether a program reads it."""
        return self.output == "json"


@dataclass(frozen=True, slots=True)
class TellingOptions:
    """How much of a run is told."""

    quiet: bool = option(
        Flag(), False, "No progress; only the result, and what went wrong.", short="-q", rivals=("verbose",)
    )
    verbose: bool = option(
        Flag(),
        False,
        "Each change of each object while it runs, and each verdict after it.",
        short="-v",
        rivals=("quiet",),
    )

    def __post_init__(self) -> None:
        if self.quiet and self.verbose:
            raise UsageError("--quiet and --verbose exclude each other", hint="leave one out")


@dataclass(frozen=True, slots=True)
class ReportsOptions:
    """Where runs are kept."""

    reports: Path = option(File("DIR"), Path("reports"), "Where runs are kept.", trust=Trust.ENVIRONMENT)


@dataclass(frozen=True, slots=True)
class SharingOptions:
    """Who may read what is written."""

    shared_reports: bool = option(
        Flag(),
        False,
        "Others on this machine may read the run's folder too, which tells names and addresses of the cluster.",
        trust=Trust.ENVIRONMENT,
    )


@dataclass(frozen=True, slots=True)
class ProfileOptions:
    """Where options come from that are not typed. Read before all others; no profile can name a profile."""

    profile: tuple[str, ...] = option(
        Many("NAME"), (), "Options from [profile.NAME] of ./chaos.toml; what is typed here counts more."
    )
    config: Path | None = option(
        File(),
        None,
        "Take the profile from this file, which may also name clusters and commands, and give consent.",
        trust=Trust.TYPED,
    )

    def __post_init__(self) -> None:
        if len(set(self.profile)) > 1:
            raise UsageError(
                f"--profile names {' and '.join(self.profile)}, and can name one",
                hint="write what both say into a third one",
            )
        if self.config is not None and not self.profile:
            raise UsageError("--config without --profile", hint="--profile NAME says which table of it")
