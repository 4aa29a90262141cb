"""The charts library of the page: Apache ECharts as NiceGUI carries it.

NiceGUI's wheel holds the whole of ECharts in one ES module, whose name has a hash in it and whose exports are
single letters; a small `index.js` beside it says which letter is ECharts. It is found without importing NiceGUI.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from voltherd.domain.errors import VoltherdError

GLOBAL = "echarts"
"""Name under which the page's scripts find the library."""

_IMPORT = re.compile(r'import\s*\{(?P<names>[^}]*)\}\s*from\s*"\./(?P<chunk>[\w.-]+\.js)"')
_EXPORT = re.compile(r"export\s*\{(?P<names>[^{}]*)\}\s*;?\s*$")
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def bundle_folder() -> Path:
    """Return the folder of NiceGUI's ECharts bundle; VoltherdError where NiceGUI is not installed."""
    spec = find_spec("nicegui")
    if spec is None or spec.origin is None:
        raise VoltherdError("the report needs the charts of the package nicegui, which is not installed")
    return Path(spec.origin).parent / "elements" / "echart" / "dist"


def charts_script(folder: Path | None = None) -> str:
    """Return an inline module script that sets ``globalThis.echarts``.

    Parameters
    ----------
    folder
        Where the bundle is; by default inside the installed NiceGUI.

    Raises
    ------
    VoltherdError
        The bundle is not there, or has a shape that is not known.
    """
    folder = bundle_folder() if folder is None else folder
    try:
        chunk, alias = _entry((folder / "index.js").read_text("utf-8"))
        source = _SOURCE_MAP.sub("", (folder / chunk).read_text("utf-8")).strip()
    except OSError as error:
        raise VoltherdError(f"the charts library cannot be read: {error}") from error
    except ValueError as error:
        raise VoltherdError(f"the charts library in {folder} has an unknown shape: {error}") from error
    exports = _EXPORT.search(source)
    if exports is None:
        raise VoltherdError(f"the charts library in {folder} has an unknown shape: {chunk} ends without exports")
    local = _pairs(exports["names"]).get(alias)
    if local is None:
        raise VoltherdError(f"the charts library in {folder} has an unknown shape: {chunk} exports no {alias}")
    script = source[: exports.start()] + f"globalThis.{GLOBAL}={local};"
    if re.search(r"</script|<!--", script, re.IGNORECASE):
        raise VoltherdError(f"the charts library in {folder} cannot stand inside a page: it would end its script")
    return script


def _entry(index: str) -> tuple[str, str]:
    """Return (file, exported name) of ECharts in the bundle, from the text of its index.js."""
    imported, exported = _IMPORT.search(index), re.search(r"export\s*\{([^}]*)\}", index)
    if imported is None or exported is None:
        raise ValueError("index.js does not import one file and export from it")
    # ``import {aS as a}`` reads (name in the file) as (name here); ``export {a as echarts}`` the other way round.
    here = _pairs(exported[1]).get(GLOBAL, "")
    chunk_name = _pairs(imported["names"]).get(here)
    if chunk_name is None:
        raise ValueError("index.js exports no echarts")
    return imported["chunk"], chunk_name


def _pairs(clause: str) -> dict[str, str]:
    """Return {second: first} of ``first as second, ...``."""
    pairs = (part.split(" as ") for part in clause.split(",") if part.strip())
    return {pair[-1].strip(): pair[0].strip() for pair in pairs}
