"""Runs a notebook from its first cell to its last, and prints what its cells print.

Usage: python scripts/run_notebook.py NOTEBOOK

Ends with an error if a cell does. Modules beside the notebook can be imported; files that it writes
go to the present folder. The notebook itself is not changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

PATIENCE = 240
"""Seconds that a cell may take."""


def main(path: Path) -> int:
    """Runs it; the exit status says whether all cells did."""
    notebook = nbformat.read(path, as_version=4)
    beside = nbformat.v4.new_code_cell(f"import sys; sys.path.insert(0, {str(path.parent)!r})")
    notebook.cells.insert(0, beside)
    client = NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3")
    try:
        client.execute(cwd=str(Path.cwd()))
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            print(output.get("text") or data.get("text/plain", ""), end="\n" if data else "")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
