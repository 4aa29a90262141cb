"""The charts library is found in the installed NiceGUI; another shape of its bundle is refused in words."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from voltherd.domain.errors import VoltherdError
from voltherd.report.charts_library import bundle_folder, charts_script

INDEX = 'import{aS as a,aT as r}from"./index-X_1.js";export{a as echarts,r as loadEchartsGL};\n'
CHUNK = "const zK={init(){}},BK=1;export{zK as aS,BK as aT};\n//# sourceMappingURL=index-X_1.js.map\n"


def bundle(folder: Path, index: str = INDEX, chunk: str = CHUNK) -> Path:
    (folder / "index.js").write_text(index, "utf-8")
    (folder / "index-X_1.js").write_text(chunk, "utf-8")
    return folder


def test_the_installed_bundle_has_the_known_shape() -> None:
    script = charts_script()
    assert re.search(r"globalThis\.echarts=[\w$]+;$", script)
    assert "registerMap" in script
    assert "sourceMappingURL" not in script


def test_it_is_found_without_importing_nicegui() -> None:
    code = (
        "import sys; from voltherd.report.charts_library import bundle_folder; bundle_folder();"
        "assert 'nicegui' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert (bundle_folder() / "index.js").is_file()


def test_aliases_are_followed(tmp_path: Path) -> None:
    assert charts_script(bundle(tmp_path)) == "const zK={init(){}},BK=1;globalThis.echarts=zK;"


@pytest.mark.parametrize(
    ("index", "chunk", "problem"),
    [
        ("export default 1;", CHUNK, "index.js does not import"),
        (INDEX.replace("a as echarts,", ""), CHUNK, "exports no echarts"),
        (INDEX.replace("aS as a,", ""), CHUNK, "exports no echarts"),
        (INDEX, "const zK=1;", "ends without exports"),
        (INDEX, CHUNK.replace("zK as aS,", ""), "exports no aS"),
        (INDEX, CHUNK.replace("init(){}", "a:'</SCRIPT>'"), "would end its script"),
        (INDEX.replace("index-X_1", "index-absent"), CHUNK, "cannot be read"),
    ],
)
def test_another_shape_is_refused(tmp_path: Path, index: str, chunk: str, problem: str) -> None:
    with pytest.raises(VoltherdError, match=problem):
        charts_script(bundle(tmp_path, index, chunk))


def test_a_missing_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VoltherdError, match="cannot be read"):
        charts_script(tmp_path)
