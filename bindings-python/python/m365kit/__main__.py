"""The audit feed from the command line: `python -m m365kit`.

    python -m m365kit diagnose
    python -m m365kit pull --last 24h --parquet audit.parquet
    python -m m365kit follow --state audit.m365state --into-jsonl audit/
    python -m m365kit inspect audit.m365state

The exit status is 0 when all is well, 1 when a problem was found or something failed, and 2 when
the command line is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import m365kit
from m365kit._progress import BARS, is_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OK, PROBLEM, USAGE = 0, 1, 2
HOSTS = ("authority", "management", "graph")
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
MARKS = {"ok": "ok", "info": "note", "warning": "warning", "problem": "PROBLEM"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: The command line without the name of the program. Default: that of the process.

    Returns:
        The exit status.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    run: Callable[[argparse.Namespace, argparse.ArgumentParser], int] = options.run
    try:
        return run(options, parser)
    except m365kit.M365Error as error:
        _complain(error)
        # What was refused before anything was sent is a matter of the command line.
        refused = isinstance(error, m365kit.InvalidRequest) and error.status is None
        return USAGE if refused else PROBLEM
    except BrokenPipeError:
        # Whoever read our output has enough. Python would complain once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PROBLEM


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m m365kit",
        description="The Microsoft 365 audit feed: keep a copy, and find out why there is none.",
        epilog="Exit status: 0 all is well, 1 a problem was found or something failed, 2 the "
        "command line is wrong.",
    )
    parser.add_argument("--version", action="version", version=f"m365kit {m365kit.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    output, account, types = _output(), _account(), _types()

    def command(name: str, run: Any, about: str, *parents: argparse.ArgumentParser) -> Any:
        made = commands.add_parser(name, help=about, description=about, parents=[*parents, output])
        made.set_defaults(run=run)
        return made

    command(
        "diagnose",
        _diagnose,
        "Finds out whether the feed can be read, and why not.",
        account,
        types,
    )

    pull = command(
        "pull", _pull, "Writes the records of a span of time into files.", account, types
    )
    pull.add_argument(
        "--last",
        default="24h",
        metavar="SPAN",
        help='the length of the span up to now, such as "7d"; default "24h"',
    )
    form = pull.add_mutually_exclusive_group(required=True)
    form.add_argument(
        "--parquet",
        type=Path,
        metavar="PATH",
        help="a Parquet file, or the folder of several if the name does not end in .parquet",
    )
    form.add_argument("--jsonl", type=Path, metavar="FILE", help="a file of JSON lines")
    pull.add_argument(
        "--partition-by",
        action="append",
        metavar="COLUMN",
        help="a folder for each value of it, such as date or workload; may be given more than once",
    )
    pull.add_argument(
        "--extended",
        action="append",
        metavar="FIELD",
        help="a field beyond the common ones to have a column, such as Item.Subject, likewise",
    )
    there = pull.add_mutually_exclusive_group()
    there.add_argument("--overwrite", action="store_true", help="replace what is there")
    there.add_argument("--append", action="store_true", help="add to what is there")

    follow = command(
        "follow", _follow, "Keeps a copy of the feed in files, until it is ended.", account, types
    )
    follow.add_argument(
        "--state",
        type=Path,
        required=True,
        metavar="PATH",
        help="the file, or an existing folder, in which the position is kept",
    )
    follow.add_argument(
        "--into-jsonl",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where the files of JSON lines go",
    )
    follow.add_argument(
        "--last", metavar="SPAN", help='how far back to begin when the state is new, such as "24h"'
    )
    follow.add_argument("--poll-interval", metavar="SPAN", help='how often to look; default "1m"')
    follow.add_argument(
        "--lag", metavar="SPAN", help='how far behind the present to stay; default "1m"'
    )
    follow.add_argument("--max-bytes", type=int, metavar="N", help="how large a file may become")
    follow.add_argument("--max-age", metavar="SPAN", help="how old a file may become")
    follow.add_argument(
        "--once", action="store_true", help="end when everything is written that is there now"
    )

    for name, run, about in (
        ("inspect", _inspect, "Tells how far a follower has come, and what keeps failing."),
        ("export", _export, "Prints everything that a follower's state holds, as JSON."),
    ):
        made = command(name, run, about)
        made.add_argument(
            "state", type=Path, metavar="STATE", help="the file, or the folder that holds it"
        )
        made.add_argument(
            "--tenant",
            metavar="ID",
            help="the directory id (GUID), where the file's name does not tell it; "
            "default: AZURE_TENANT_ID",
        )
    return parser


def _output() -> argparse.ArgumentParser:
    output = argparse.ArgumentParser(add_help=False)
    output.add_argument("--json", action="store_true", help="print JSON")
    return output


def _types() -> argparse.ArgumentParser:
    types = argparse.ArgumentParser(add_help=False)
    types.add_argument(
        "--content-type",
        action="append",
        metavar="TYPE",
        dest="content_types",
        help="such as Audit.Exchange; may be given more than once",
    )
    return types


def _account() -> argparse.ArgumentParser:
    """Who reads which tenant, where. A secret comes from the environment or a file, since other
    users of the machine see the command line.
    """
    account = argparse.ArgumentParser(add_help=False)
    group = account.add_argument_group("tenant and credential")
    group.add_argument(
        "--tenant", metavar="ID", help="directory id or domain; default: AZURE_TENANT_ID"
    )
    group.add_argument(
        "--client-id", metavar="ID", help="the application; default: AZURE_CLIENT_ID"
    )
    group.add_argument(
        "--client-secret-file",
        metavar="FILE",
        help='where its secret is, "-" for standard input; '
        "default: the secret is in AZURE_CLIENT_SECRET",
    )
    group.add_argument(
        "--token-file",
        metavar="FILE",
        help='where an access token is, in place of the secret; "-" as above',
    )
    group.add_argument(
        "--publisher-id",
        metavar="ID",
        help="directory id of the organisation that wrote the software",
    )
    cloud = account.add_argument_group("cloud")
    cloud.add_argument("--cloud", choices=m365kit.Cloud._names, help="default: public")
    cloud.add_argument(
        "--cloud-url", metavar="URL", help="one host for everything, such as a proxy or a sandbox"
    )
    for host in HOSTS:
        cloud.add_argument(f"--{host}-url", metavar="URL", help=f"the {host} host of such a cloud")
    cloud.add_argument(
        "--root-certificates",
        type=Path,
        metavar="FILE",
        help="certificate authorities to trust besides the system's, as PEM",
    )
    return account


def _client(options: argparse.Namespace, parser: argparse.ArgumentParser) -> m365kit.Client:
    def needed(value: str | None, option: str, variable: str) -> str:
        found = value or os.environ.get(variable)
        return found if found else parser.error(f"{option} or the variable {variable} is needed")

    tenant = needed(options.tenant, "--tenant", "AZURE_TENANT_ID")
    credential: m365kit.Credential
    if options.token_file:
        credential = m365kit.StaticToken(_secret(options.token_file, parser))
    else:
        client_id = needed(options.client_id, "--client-id", "AZURE_CLIENT_ID")
        secret = (
            _secret(options.client_secret_file, parser)
            if options.client_secret_file
            else needed(None, "--client-secret-file", "AZURE_CLIENT_SECRET")
        )
        credential = m365kit.ClientSecret(client_id, secret)
    certificates = options.root_certificates
    return m365kit.Client(
        tenant,
        credential=credential,
        cloud=_cloud(options, parser),
        publisher_id=options.publisher_id,
        root_certificates=certificates and _read(certificates, parser),
    )


def _cloud(options: argparse.Namespace, parser: argparse.ArgumentParser) -> m365kit.Cloud:
    urls = {host: getattr(options, f"{host}_url") or options.cloud_url for host in HOSTS}
    if not any(urls.values()):
        named: m365kit.Cloud = getattr(m365kit.Cloud, (options.cloud or "public").upper())
        return named
    if options.cloud:
        parser.error("--cloud names a cloud, and the URLs another one")
    return m365kit.Cloud.custom(**urls)


def _secret(path: str, parser: argparse.ArgumentParser) -> str:
    secret = (sys.stdin.read() if path == "-" else _read(Path(path), parser)).strip()
    return secret if secret else parser.error(f"{path}: there is nothing in it")


def _read(path: Path, parser: argparse.ArgumentParser) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        parser.error(f"{path}: {getattr(error, 'strerror', None) or 'it is no text'}")


def _diagnose(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    with _client(options, parser) as client:
        diagnosis = client.audit.diagnose(options.content_types)
    if options.json:
        _show(diagnosis.to_dict())
    else:
        for finding in diagnosis.findings:
            _say(f"{MARKS.get(finding.severity, finding.severity):<8} {finding.message}")
            if finding.action:
                _say(f"{'':<8} -> {finding.action}")
        _say("The feed can be read." if diagnosis.healthy else "The feed cannot be read.")
    found = any(finding.severity == "problem" for finding in diagnosis.findings)
    return PROBLEM if found else OK


def _pull(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    if options.jsonl and (options.partition_by or options.extended):
        parser.error("--partition-by and --extended are of use with --parquet only")
    there = {"overwrite": options.overwrite, "append": options.append}
    with _client(options, parser) as client:
        feed = client.audit.records(
            options.content_types,
            last=options.last,
            on_error="collect",
            extended=options.extended,
            progress=_has_bars() and not options.json and sys.stderr.isatty(),
        )
        if options.jsonl:
            written = feed.write_jsonl(options.jsonl, **there)
        else:
            written = feed.write_parquet(
                options.parquet, partition_by=options.partition_by, **there
            )
    problems: list[m365kit.M365Error | m365kit.Warning] = [*feed.errors, *feed.warnings]
    for problem in problems:
        _complain(problem)
    if options.json:
        report = feed.report.to_dict() if feed.report else None
        _show({**written.to_dict(), "errors": len(feed.errors), "report": report})
    else:
        files = "1 file" if len(written.files) == 1 else f"{len(written.files):,} files"
        _say(f"{written.records:,} records in {files}, {written.bytes:,} bytes")
        for path in written.files:
            _say(f"  {path}")
    return PROBLEM if feed.errors else OK


def _has_bars() -> bool:
    return any(map(is_installed, BARS))


def _follow(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    failed = False
    with _client(options, parser) as client:
        feed = client.audit.follow(
            options.state,
            content_types=options.content_types,
            last=options.last,
            poll_interval=options.poll_interval,
            lag=options.lag,
            stop_when_caught_up=options.once,
        )
        files = feed.into_jsonl(
            options.into_jsonl, max_bytes=options.max_bytes, max_age=options.max_age
        )
        try:
            with files:
                for page in files.pages():
                    failed = failed or bool(page.errors)
                    _tell(page, options.json)
        except KeyboardInterrupt:
            # Being ended is what it waits for: what is written is safe.
            return OK
    return PROBLEM if failed else OK


def _tell(page: m365kit.Page[m365kit.SinkStep], as_json: bool) -> None:
    problems: list[m365kit.M365Error | m365kit.Warning] = [*page.errors, *page.warnings]
    for problem in problems:
        if as_json:
            kind = "error" if isinstance(problem, m365kit.M365Error) else "warning"
            _show({kind: _details(problem)})
        else:
            _complain(problem)
    report = page.report
    for step in page:
        if as_json:
            _show({**step.to_dict(), "report": report.to_dict() if report else None})
            continue
        behind = f", {report.behind:,.0f} s behind" if report and report.behind else ""
        parked = f", {report.parked:,} parked" if report and report.parked else ""
        _say(f"{step.records:,} records of {step.blobs:,} blobs{behind}{parked}")
        for path in step.sealed:
            _say(f"  {path}")


def _inspect(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    path, client = _state(options, parser)
    with client:
        state = client.audit.inspect_state(path)
    if options.json:
        _show(state.to_dict())
        return OK
    _say(f"tenant {state.tenant}, begun {state.created_at:%Y-%m-%d %H:%M:%S} UTC")
    _say(f"{state.remembered:,} blobs are remembered")
    for of in state.content_types:
        _say(f"{of.content_type}: listed to {of.listed_to:%Y-%m-%d %H:%M:%S}, {of.open:,} open")
        for blob in of.parked:
            _say(f"  parked: {blob.content_id} ({blob.attempts} attempts): {blob.error}")
        for span in of.parked_spans:
            _say(f"  parked: {span.start} to {span.end} ({span.attempts} attempts): {span.error}")
    for gap in state.gaps:
        _say(f"lost: {gap.content_type} from {gap.start} to {gap.end}")
    for file in state.files:
        _say(f"being written: {file.path}, {file.bytes:,} bytes")
    return OK


def _export(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    path, client = _state(options, parser)
    with client:
        _say(json.dumps(client.audit.export_state(path), indent=None if options.json else 2))
    return OK


def _state(
    options: argparse.Namespace, parser: argparse.ArgumentParser
) -> tuple[Path, m365kit.Client]:
    """A state, and a client of its tenant, which sends nothing."""
    path: Path = options.state
    if path.is_dir() and not options.tenant:
        found = sorted(path.glob("*.m365state"))
        if len(found) != 1:
            parser.error(f"{path}: it holds {len(found)} states; name one of them")
        [path] = found
    named = GUID.fullmatch(path.name.removesuffix(".m365state"))
    tenant = options.tenant or (named and named[0]) or os.environ.get("AZURE_TENANT_ID")
    if not tenant or not GUID.fullmatch(tenant):
        parser.error(
            "--tenant or AZURE_TENANT_ID must say whose state it is, by the directory id (GUID)"
        )
    return path, m365kit.Client(tenant, credential=m365kit.StaticToken("none is needed"))


def _details(problem: m365kit.M365Error | m365kit.Warning) -> dict[str, Any]:
    if isinstance(problem, m365kit.Warning):
        return problem.to_dict()
    shown = {
        "kind": problem.kind,
        "message": problem.message,
        "status": problem.status,
        "code": problem.code,
        "hint": problem.hint,
        "contentType": problem.content_type,
        "contentId": problem.content_id,
        "start": problem.start and problem.start.isoformat(),
        "end": problem.end and problem.end.isoformat(),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _complain(problem: m365kit.M365Error | m365kit.Warning) -> None:
    if isinstance(problem, m365kit.Warning):
        text = f"warning: {problem.message}"
    else:
        about = [part for part in (problem.content_type, problem.content_id) if part]
        text = f"{problem.kind}: {' '.join([*about, str(problem)])}"
    sys.stderr.write(f"{text}\n")


def _show(value: Any) -> None:
    _say(json.dumps(value, ensure_ascii=False))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
