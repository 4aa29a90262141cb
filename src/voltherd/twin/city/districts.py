"""The 11 districts of Guangzhou: names, area codes, centres, and the weights of the simulation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class District:
    """A district. Codes are the national area codes; centres are approximate (within 1 km)."""

    tag: str
    """Two letters of station numbers."""
    code: str
    name_en: str
    name_zh: str
    longitude: float
    """Centre, WGS84, degrees east (converted from GCJ-02, which the source did not state)."""
    latitude: float
    """Centre, WGS84, degrees north."""
    weight: int
    """Share of the city's stations: a simulation assumption, no counts by district are published."""
    highway_weight: int
    """Share of the stations at motorways: a simulation assumption."""
    nodes: int
    """Clearing nodes (>= 220 kV buses) in the simulation: an assumption."""


DISTRICTS = (
    District("LW", "440103", "Liwan", "荔湾", 113.222251, 23.106905, 6, 0, 1),
    District("YX", "440104", "Yuexiu", "越秀", 113.265385, 23.138135, 5, 0, 1),
    District("HZ", "440105", "Haizhu", "海珠", 113.318058, 23.091815, 9, 0, 2),
    District("TH", "440106", "Tianhe", "天河", 113.363075, 23.132911, 14, 0, 3),
    District("BY", "440111", "Baiyun", "白云", 113.339691, 23.301116, 17, 3, 3),
    District("HP", "440112", "Huangpu", "黄埔", 113.481771, 23.189860, 12, 3, 3),
    District("PY", "440113", "Panyu", "番禺", 113.385581, 22.946216, 14, 3, 3),
    District("HD", "440114", "Huadu", "花都", 113.221427, 23.412341, 8, 4, 2),
    District("NS", "440115", "Nansha", "南沙", 113.526388, 22.811270, 5, 4, 2),
    District("CH", "440117", "Conghua", "从化", 113.587750, 23.556778, 3, 4, 1),
    District("ZC", "440118", "Zengcheng", "增城", 113.701867, 23.334581, 7, 4, 2),
)
"""In the order of their codes."""
