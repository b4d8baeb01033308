"""Which logs, which part of them, by which rules: the options that every verb over logs takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_type_hints

import typer

from hopline.console import say_warnings
from hopline.moments import parse_moment, parse_window
from hopline.workspace import open_logs
from ingest.errors import UsageError

if TYPE_CHECKING:
    import analysis


@dataclass(frozen=True)
class Selection:
    """The logs that a command line names, and how to read a failover out of them."""

    logs: Annotated[
        list[str],
        typer.Argument(
            metavar="LOGS",
            help="Access logs: files, folders, globs or -; CLUSTER/GATEWAY=PATH says whose they are.",
            show_default=False,
        ),
    ]
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
        float,
        typer.Option(metavar="SECONDS", min=0, help="A failover has ended when it stays ended so long..."),
    ] = 30.0
    hold_down_requests: Annotated[int, typer.Option(metavar="N", min=0, help="...and for so many requests.")] = 20
    merge_gap: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Failovers closer together than this are one.")
    ] = 600.0
    full_share: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            min=0,
            max=1,
            help="A failover is full when the primary serves at most this share.",
        ),
    ] = 0.01

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

    @contextmanager
    def open(self) -> Iterator[analysis.Session]:
        """Read the logs and yield a session over them; its warnings go to standard error.

        Raises UsageError for options that make no sense, SourceError when nothing can be read.
        """
        import analysis

        if not self.logs:
            raise UsageError("missing argument 'LOGS'.", hint="name access logs: files, folders, globs or -")
        since, until = parse_window(self.since, self.until)
        options = analysis.Options(
            primary=self.primary,
            since=since,
            until=until,
            service=self.service,
            hold_down_s=self.hold_down,
            hold_down_requests=self.hold_down_requests,
            merge_gap_s=self.merge_gap,
            full_share=self.full_share,
            objectives=analysis.Objectives(
                max_failover_s=self.max_failover_seconds,
                max_failed=self.max_failed,
                slo=self.slo,
                fault_at=parse_moment(self.fault_at, argument="--fault-at") if self.fault_at else None,
            ),
        )
        with open_logs(
            self.logs,
            inventory=self.inventory or (),
            log_format=self.log_format,
            log_format_from=self.log_format_from or (),
            options=options,
        ) as session:
            say_warnings(session.warnings)
            yield session

    def refuse_to_overwrite(self, output: Path | None) -> None:
        """Raise UsageError when `output` is one of the files that would be read."""
        if output is None or not output.exists():
            return
        for given in (*self.logs, *(self.inventory or ()), *(self.log_format_from or ())):
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


def takes_logs(verb: Callable[..., None], *, required: bool = True) -> Callable[..., None]:
    """Give a verb the arguments of Selection for its parameter `selection`: LOGS there, the options at the end.

    Where LOGS are not `required`, the verb has to see to it that there are some.
    """
    hints = get_type_hints(Selection, include_extras=True)
    parameters = {
        field.name: inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(Selection)
    }
    logs = parameters.pop("logs")
    if not required:
        argument = get_args(hints["logs"])[1]
        logs = logs.replace(default=None, annotation=Annotated[list[str] | None, argument])
    own = inspect.signature(verb, eval_str=True).parameters
    merged = [
        logs if name == "selection" else parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in own.items()
    ]

    def collected(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in ("logs", *parameters)}
        chosen["logs"] = chosen["logs"] or []
        verb(selection=Selection(**chosen), **given)

    collected.__doc__ = verb.__doc__
    collected.__name__ = verb.__name__
    collected.__signature__ = inspect.Signature([*merged, *parameters.values()])  # type: ignore[attr-defined]
    return collected
