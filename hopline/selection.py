"""Which logs, which part of them, by which rules: the options that every verb over logs takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from hopline.configuration import Configuration, read_configuration
from hopline.console import say_warnings
from hopline.moments import parse_moment, parse_window
from hopline.workspace import DEFAULT_STORE, find_memory, is_store, open_logs
from ingest.errors import ConfigError, StoreError, UsageError

if TYPE_CHECKING:
    import analysis

#: What the queries of hopline's own verbs may take: they are no faster with more.
MEMORY = "1200MB"


@dataclass(frozen=True)
class Selection:
    """The logs that a command line names, and how to read a failover out of them.

    Every field is as given: None and empty where the command line says nothing. `merge` puts in what hopline.toml says
    of those, and then what holds without either.
    """

    logs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LOGS",
            help="Access logs: files, folders, globs or -; CLUSTER/GATEWAY=PATH says whose they are. "
            "Without any, those that hopline.toml names.",
            show_default=False,
        ),
    ] = None
    store: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Ask this store rather than logs; ./.hopline if there is one and nothing else is named.",
            show_default=False,
        ),
    ] = None
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What to read and how, as TOML; ./hopline.toml if there is one. Options win over it.",
            show_default=False,
        ),
    ] = None
    inventory: Annotated[
        list[str] | None,
        typer.Option(
            "-i",
            "--inventory",
            metavar="FILE",
            help="What the mesh declared or Envoy knew: /clusters, /config_dump, event logs, istioctl's endpoints, "
            "pods, Istio's YAML. Repeatable; FILE@TIME says when a snapshot was taken.",
        ),
    ] = None
    service: Annotated[str | None, typer.Option(metavar="HOST", help="Only this service.")] = None
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only from this time on: 2026-11-09T00:00Z, 2026-11-09, -2h, yesterday."),
    ] = None
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only before this time.")] = None
    primary: Annotated[
        str | None, typer.Option(metavar="GROUP", help="The group that should serve, such as cluster1.")
    ] = None
    log_format: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="Envoy's own format string, or a JSON template, of logs in no known format.",
        ),
    ] = None
    log_format_from: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Take the format from mesh configuration, Telemetry, EnvoyFilter or a config dump. Repeatable.",
        ),
    ] = None
    hold_down: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", min=0, show_default="30", help="A failover has ended when it stays ended so long..."
        ),
    ] = None
    hold_down_requests: Annotated[
        int | None, typer.Option(metavar="N", min=0, show_default="20", help="...and for so many requests.")
    ] = None
    merge_gap: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0, show_default="600", help="Failovers closer together than this are one."),
    ] = None
    full_share: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            min=0,
            max=1,
            show_default="0.01",
            help="A failover is full when the primary serves at most this share.",
        ),
    ] = None

    max_failover_seconds: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0, help="Objective: requests are served again within this; else exit 3."),
    ] = None
    max_failed: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Objective: at most so many lost requests per incident.")
    ] = None
    slo: Annotated[
        float | None,
        typer.Option(metavar="PERCENT", min=0, max=100, help="Objective: so many percent of requests are not lost."),
    ] = None
    fault_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When the fault is known to have begun; objectives count from it."),
    ] = None

    @cached_property
    def configuration(self) -> Configuration:
        """What hopline.toml says, read when it is first asked for; raises ConfigError."""
        return read_configuration(self.config)

    def merge(self) -> Selection:
        """Return the selection with what hopline.toml says where the command line says nothing.

        Raises ConfigError for a hopline.toml that is wrong, UsageError where neither names any logs.
        """
        told = {f.name: getattr(self.configuration, f.name, None) for f in fields(self) if not getattr(self, f.name)}
        merged = replace(self, **{name: value for name, value in told.items() if value and name != "logs"})
        return replace(merged, logs=self._find_logs())

    def _find_logs(self) -> list[str]:
        """Return the one store to ask, or the logs to read: of the command line, of hopline.toml, or ./.hopline."""
        if self.store is not None and self.logs:
            raise UsageError(
                "LOGS and --store are both given", hint=f"hopline ingest LOGS --store {self.store} adds logs to a store"
            )
        if self.logs:
            return self.logs
        told = self.configuration
        store = self.store or (Path(told.store) if told.store else None)
        if store is not None and (is_store(store) or self.store is not None or not told.logs):
            if not is_store(store):
                raise StoreError(f"{store}: there is no store", hint=f"hopline ingest LOGS --store {store} makes one")
            return [str(store)]
        if told.logs:
            return list(told.logs)
        if is_store(DEFAULT_STORE):
            return [str(DEFAULT_STORE)]
        raise UsageError(
            "missing argument 'LOGS'.",
            hint="files, folders, globs or -; or `logs` in hopline.toml; or a store that hopline ingest made",
        )

    @contextmanager
    def open(self, memory: str | None = MEMORY) -> Iterator[analysis.Session]:
        """Read the logs and yield a session over them; its warnings go to standard error.

        Beyond `memory`, or what HOPLINE_MEMORY says, queries go on on disk; None leaves it to DuckDB.

        Raises UsageError for options that make no sense, SourceError when nothing can be read.
        """
        chosen = self.merge()
        with open_logs(
            chosen.logs or (),
            inventory=chosen.inventory or (),
            log_format=chosen.log_format,
            log_format_from=chosen.log_format_from or (),
            options=chosen.make_options(),
            memory=find_memory(memory),
        ) as session:
            say_warnings(session.warnings)
            yield session

    def make_options(self) -> analysis.Options:
        """Return what was chosen as an analysis takes it; raises UsageError for a time that is none."""
        import analysis

        since, until = parse_window(self.since, self.until)
        asked = analysis.Objectives(
            max_failover_s=self.max_failover_seconds,
            max_failed=self.max_failed,
            slo=self.slo,
            fault_at=parse_moment(self.fault_at, argument="--fault-at") if self.fault_at else None,
        )
        thresholds: dict[str, Any] = {
            "hold_down_s": self.hold_down,
            "hold_down_requests": self.hold_down_requests,
            "merge_gap_s": self.merge_gap,
            "full_share": self.full_share,
        }
        told = self.configuration
        options = analysis.Options(
            primary=self.primary,
            primaries=told.primaries,
            since=since,
            until=until,
            service=self.service,
            objectives=asked,
            networks=self._make_networks(),
        )
        return replace(options, **{name: value for name, value in thresholds.items() if value is not None})

    def _make_networks(self) -> tuple[analysis.Network, ...]:
        import analysis

        told = self.configuration
        try:
            return tuple(analysis.Network(**vars(network)) for network in told.networks)
        except ConfigError as error:
            raise ConfigError(f"{told.path}: {error}", hint=error.hint) from error

    def refuse_to_overwrite(self, output: Path | None) -> None:
        """Raise UsageError when `output` is one of the files that would be read."""
        if output is None or not output.exists():
            return
        told = self.configuration
        named = (
            *(self.logs or told.logs),
            *(self.inventory or told.inventory),
            *(self.log_format_from or told.log_format_from),
            *(() if told.path is None else (str(told.path),)),
        )
        for given in named:
            for name in (given, given.partition("=")[2], given.rpartition("@")[0]):
                if name and Path(name).is_file() and output.samefile(name):
                    raise UsageError(
                        f"-o {output} is one of the files to read",
                        hint="name another file; logs are evidence",
                    )

    def list_options(self) -> list[str]:
        """Return the options that were given another value than their default, as they are written: `--since`."""
        return [
            f"--{field.name.replace('_', '-')}"
            for field in fields(self)
            if field.name != "logs" and getattr(self, field.name) not in (field.default, [])
        ]


def takes_logs(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb the arguments of Selection for its parameter `selection`: LOGS there, the options at the end."""
    hints = get_type_hints(Selection, include_extras=True)
    parameters = {
        field.name: inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(Selection)
    }
    logs = parameters.pop("logs")
    own = inspect.signature(verb, eval_str=True).parameters
    merged = [
        logs if name == "selection" else parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in own.items()
    ]

    def collected(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in ("logs", *parameters)}
        verb(selection=Selection(**chosen), **given)

    collected.__doc__ = verb.__doc__
    collected.__name__ = verb.__name__
    collected.__signature__ = inspect.Signature([*merged, *parameters.values()])  # type: ignore[attr-defined]
    return collected
