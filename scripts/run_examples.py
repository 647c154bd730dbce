"""Runs the examples of README.md, docs/ and examples/ on simulated tenants, as installed packages.

Usage: python scripts/run_examples.py [python] [node] [swift]

Those in Rust are run by `cargo test` (examples/rust/tests), and the README's by rustdoc.
What an example on a page says is not changed, but that its client goes to the sandbox: a few lines
before it see to that. A block that says `endless` behind its language is ended when it has printed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import m365kit

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
SCRATCH = ROOT / "target" / "examples"
PACKAGE = ROOT / "target" / "package"
NOTEBOOK = ROOT / "scripts" / "run_notebook.py"
SWIFT = ROOT / "bindings-swift" / "scripts" / "swift.sh"

# What the names of examples end in that go on until they are ended.
ENDLESS = "_endless"
# What is no program in examples/.
SHARED = {"tenant", "digest", "chart"}
# Seconds that any may take.
PATIENCE = 300

PYTHON_PRELUDE = """
import functools, json, os
import m365kit
_cloud = m365kit.Cloud.custom(**json.loads(os.environ["HOSTS"]))
m365kit.Client = functools.partial(m365kit.Client, cloud=_cloud)
m365kit.AsyncClient = functools.partial(m365kit.AsyncClient, cloud=_cloud)
"""
NODE_PRELUDE = """
import { Cloud as Cloud_ } from 'm365kit';
const cloud = Cloud_.custom(JSON.parse(process.env.HOSTS));
"""
SWIFT_PRELUDE = """
@preconcurrency import Foundation
import M365Kit

func Client(tenant: String, credential: Credential) throws -> M365Kit.Client {
    // Into a file it would print thousands of bytes at a time, or none for long.
    setvbuf(stdout, nil, Int32(_IOLBF), 0)
    let environment = ProcessInfo.processInfo.environment
    // Swift may have been started elsewhere.
    _ = FileManager.default.changeCurrentDirectoryPath(environment["FILES"] ?? ".")
    let text = environment["HOSTS"] ?? "{}"
    let hosts = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    let (authority, management, graph) = (hosts["authority"], hosts["management"], hosts["graph"])
    let cloud = Cloud.custom(authority: authority, management: management, graph: graph)
    return try M365Kit.Client(tenant: tenant, credential: credential, cloud: cloud)
}
"""


def main(wanted: list[str]) -> int:
    """Runs all, or those in the languages that are named; the exit status says whether all ran."""
    languages: dict[str, Callable[[], Iterator[tuple[str, list[str], Path]]]] = {
        "python": python,
        "node": node,
        "swift": swift,
    }
    failed = ran = 0
    with m365kit.Sandbox(blobs=30, records=10) as sandbox:
        environment = os.environ | {
            "HOSTS": json.dumps(sandbox.control("describe")["cloud"]),
            "PYTHONPATH": "",
            "PYTHONUNBUFFERED": "1",
        }
        account = {
            "TENANT": sandbox.tenant,
            "CLIENT_ID": sandbox.client_id,
            "CLIENT_SECRET": sandbox.client_secret,
        }
        for language in wanted or languages:
            for name, command, folder in languages[language]():
                # Those in examples/ start a tenant of their own.
                own = account if re.search(rf"_\d+({ENDLESS})?$", name) else {}
                ran += 1
                failed += not run(f"{language}: {name}", command, folder, environment | own)
    print(f"{ran} examples ran, {failed} failed")
    return 1 if failed or not ran else 0


def run(name: str, command: list[str], folder: Path, environment: dict[str, str]) -> bool:
    """Runs one; it must end well, and print something."""
    began = time.monotonic()
    endless = name.endswith(ENDLESS)
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment | {"FILES": str(folder)},
            stdout=out,
            stderr=complaints,
            start_new_session=True,
        ) as process,
    ):
        try:
            if endless:
                while process.poll() is None and not os.fstat(out.fileno()).st_size:
                    time.sleep(0.05)
                    assert time.monotonic() - began < PATIENCE, f"{name} prints nothing"
                ended = process.poll()
            else:
                ended = process.wait(PATIENCE)
        finally:
            # All of it: some are started by a script.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        # One that is endless must not have ended by itself.
        passed = bool(os.fstat(out.fileno()).st_size) and ended == (None if endless else 0)
        print(
            f"{'ok    ' if passed else 'FAILED'} {time.monotonic() - began:5.1f} s  {name}",
            flush=True,
        )
        if not passed:
            for file, most in ((out, 2000), (complaints, 4000)):
                file.seek(0)
                print(file.read()[-most:].decode(errors="replace"))
            print(f"exit status {ended}")
    return passed


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """The blocks of code in a language, from all pages, each with a name."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = page.read_text(encoding="utf-8")
        fence = rf"^```{language}( endless)?\n(.*?)^```"
        found = re.findall(fence, text, re.DOTALL | re.MULTILINE)
        assert found or page.name != "README.md", f"the README has no example in {language}"
        for number, (endless, code) in enumerate(found, 1):
            yield f"{page.stem.replace('-', '_')}_{number}{ENDLESS if endless else ''}", code


def fresh(name: str) -> Path:
    """An empty folder."""
    folder = SCRATCH / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def programs(folder: Path, pattern: str) -> Iterator[Path]:
    """The programs of a folder, without what they have in common."""
    return (path for path in sorted(folder.glob(pattern)) if path.stem.lower() not in SHARED)


def arguments(name: str, files: Path) -> list[str]:
    """What a program of examples/ is told: to come to an end; what to write."""
    told = {
        "follow": [str(files / "records"), "once"],
        "health_report": [str(files / "report.md")],
    }
    return told.get(name.lower(), [])


def written(folder: Path, name: str, code: str) -> str:
    """The path of an example that was cut out of a page."""
    path = folder / name
    path.write_text(code, encoding="utf-8")
    return str(path)


def files_of(folder: Path, name: str) -> Path:
    """Where an example leaves its files, so that it does not find those of another."""
    path = folder / "files" / name
    path.mkdir(parents=True)
    return path


def python() -> Iterator[tuple[str, list[str], Path]]:
    """The examples in Python, on the package that runs this."""
    assert not Path(m365kit.__file__).is_relative_to(ROOT / "bindings-python")
    folder = fresh("python")
    for name, code in blocks("python"):
        program = written(folder, f"{name}.py", PYTHON_PRELUDE + code)
        yield name, [sys.executable, program], files_of(folder, name)
    for path in programs(EXAMPLES / "python", "*.py"):
        files = files_of(folder, path.stem)
        yield path.stem, [sys.executable, str(path), *arguments(path.stem, files)], files
    for path in sorted((EXAMPLES / "python").glob("*.ipynb")):
        name = f"{path.stem} (notebook)"
        yield name, [sys.executable, str(NOTEBOOK), str(path)], files_of(folder, name)


def node() -> Iterator[tuple[str, list[str], Path]]:
    """The examples in JavaScript, on the tarball, installed."""
    folder = fresh("node")
    (folder / "package.json").write_text('{ "name": "examples", "private": true }\n')
    [tarball] = PACKAGE.glob("m365kit-*.tgz")
    quiet = ["--offline", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(["npm", "install", *quiet, str(tarball)], cwd=folder, check=True)
    for name, block in blocks("js"):
        code = block.replace("new Client({", "new Client({ cloud,")
        program = written(folder, f"{name}.mjs", NODE_PRELUDE + code)
        yield name, ["node", program], files_of(folder, name)
    shutil.copytree(EXAMPLES / "node", folder, dirs_exist_ok=True)
    for path in programs(EXAMPLES / "node", "*.mjs"):
        files = files_of(folder, path.stem)
        yield path.stem, ["node", str(folder / path.name), *arguments(path.stem, files)], files
    # Those that are too large for one file.
    for path in sorted((EXAMPLES / "node").glob("*/index.mjs")):
        name = path.parent.name
        yield name, ["node", str(folder / name / path.name)], files_of(folder, name)


def swift() -> Iterator[tuple[str, list[str], Path]]:
    """The examples in Swift, on the package folder; the README's join them as further programs."""
    # What was built stays, for the next time.
    folder = SCRATCH / "swift"
    shutil.rmtree(folder / "Sources", ignore_errors=True)
    shutil.rmtree(folder / "files", ignore_errors=True)
    shutil.copytree(EXAMPLES / "swift", folder, dirs_exist_ok=True)
    manifest = (folder / "Package.swift").read_text(encoding="utf-8")
    manifest = manifest.replace("../../target/package", str(PACKAGE))
    names = [path.name for path in programs(EXAMPLES / "swift" / "Sources", "*")]
    for name, code in blocks("swift"):
        names.append(name)
        target = folder / "Sources" / name
        target.mkdir()
        (target / "main.swift").write_text(SWIFT_PRELUDE + code, encoding="utf-8")
        program = f'.executableTarget(name: "{name}", dependencies: ["M365Kit"])'
        manifest += f"package.targets.append({program})\n"
    (folder / "Package.swift").write_text(manifest, encoding="utf-8")

    [library] = (PACKAGE / "M365Kit" / "lib").iterdir()
    options = ["--package-path", str(folder), "-Xlinker", f"-L{library}"]
    sources = [str(EXAMPLES / "swift" / name) for name in ("Package.swift", "Sources")]
    style = str(ROOT / "bindings-swift" / ".swift-format")
    lint = ["format", "lint", "--strict", "--configuration", style, "--recursive", *sources]
    subprocess.run([SWIFT, *lint], cwd=ROOT, check=True)
    subprocess.run([SWIFT, "build", "--quiet", *options], cwd=ROOT, check=True)
    start = [str(SWIFT), "run", "--skip-build", "--quiet", *options]
    for name in names:
        files = files_of(folder, name)
        yield name, [*start, name, *arguments(name, files)], files


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
