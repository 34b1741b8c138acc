"""A parser of flags in groups, which tells what was given from what was not."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from kseq2seq.cli.common import COMMON, GROUPS
from kseq2seq.cli.outputs import settings_of


class Flags:
    """The flags of one recipe, in groups.

    Args:
        doc: the recipe's docstring, which `--help` shows first.
        defaults: by the flags' names, with "_" in place of "-"; None where one has none.

    Attributes:
        given: the names of the flags on the command line, after `parse`.

    Example:
        >>> flags = Flags("Reverses words.", {"data": "sample", "seed": 1})
        >>> flags.common("data", "seed", "smoke", data="sample or FILE")
        >>> flags.add("model", "--beams", type=int, help="hypotheses of a search")
        >>> options = flags.parse(["--beams", "2", "--smoke"], smoke={"seed": 7})
        >>> options.data, options.seed, options.beams, sorted(flags.given)
        ('sample', 7, 2, ['beams', 'smoke'])
    """

    def __init__(self, doc: str | None, defaults: Mapping[str, Any]):
        self.defaults: dict[str, Any] = dict(defaults)
        self.given: set[str] = set()
        self._paths: set[str] = set()
        # Only what is given comes out of the parser, so that it can be told from defaults.
        self._parser = argparse.ArgumentParser(
            description=doc,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            argument_default=argparse.SUPPRESS,
        )
        self._groups = {
            name: self._parser.add_argument_group(title) for name, title in GROUPS.items()
        }

    def common(self, *names: str, **words: str) -> None:
        """Takes flags of `COMMON`; `words` stand in the places of {names} in their help."""
        for name in names:
            group, settings, told = COMMON[name]
            self.add(group, f"--{name.replace('_', '-')}", **settings, help=told.format(**words))

    def add(self, group: str, flag: str, **settings: Any) -> None:
        """Takes a flag of the recipe's own.

        Args:
            group: one of `GROUPS`.
            flag: its name, such as "--language".
            **settings: for `argparse`. The `default`, which `help` then names, may be among the
                defaults of all flags instead.
        """
        name = flag.removeprefix("--").replace("-", "_")
        default = self.defaults.get(name, False if settings.get("action") == "store_true" else None)
        self.defaults[name] = default = settings.pop("default", default)
        if settings.get("type") is Path:
            self._paths.add(name)
        told = default is not None and default is not False
        if told and settings.get("help") != argparse.SUPPRESS:
            shown = " ".join(map(str, default)) if isinstance(default, list) else default
            settings["help"] = f"{settings['help']}; default: {str(shown).replace('%', '%%')}"
        self._groups[group].add_argument(flag, **settings)

    def parse(
        self, arguments: Sequence[str] | None = None, *, smoke: Mapping[str, Any] | None = None
    ) -> argparse.Namespace:
        """Returns what is given, else what a resumed run had, else what `smoke` or a default says.

        Args:
            arguments: of the command line; those of this process where None.
            smoke: what `--smoke` sets.

        Raises:
            SystemExit: with a line of help, where a flag is not known or its value is bad.
            ValueError: if there is nothing to resume.
        """
        given = vars(self._parser.parse_args(arguments))
        self.given = set(given)
        found = {**self.defaults, **((smoke or {}) if given.get("smoke") else {})}
        if given.get("resume"):
            if "output" in given:
                self.refuse("--resume goes on in the directory of the run; leave --output out")
            before = settings_of(given["resume"])
            paths = {name: Path(before[name]) for name in self._paths if before.get(name)}
            found |= {**before, **paths}
        found |= given
        return argparse.Namespace(**found)

    def refuse(self, why: str) -> NoReturn:
        """Ends the program with usage and a line that says why."""
        self._parser.error(why)
