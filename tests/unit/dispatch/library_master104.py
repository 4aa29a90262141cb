"""The client of c104 as a master, in a process of its own: one JSON request a line in, one answer a line out."""

import json
import sys
import time
from typing import Any

import c104

RECEIVED: dict[str, list[list[Any]]] = {}


def on_receive(point: c104.Point, previous_info: c104.Information, message: c104.IncomingMessage) -> c104.ResponseState:
    quality: Any = point.quality
    value: Any = point.value
    told = [float(value), quality.is_good(), message.cot.name]
    RECEIVED.setdefault(f"{message.common_address}/{point.io_address}", []).append(told)
    return c104.ResponseState.SUCCESS


class Master:
    def __init__(self) -> None:
        self.client = c104.Client(tick_rate_ms=50, command_timeout_ms=1000)
        self.connection: Any = None
        self.points: dict[tuple[int, int], Any] = {}

    def connect(self, port: int, stations: dict[str, dict[str, str]]) -> dict[str, Any]:
        self.connection = self.client.add_connection(ip="127.0.0.1", port=port, init=c104.Init.NONE)
        for station, points in stations.items():
            made = self.connection.add_station(int(station))
            for address, kind in points.items():
                point = made.add_point(int(address), getattr(c104.Type, kind))
                self.points[int(station), int(address)] = point
                if kind.startswith("M_"):
                    point.on_receive(callable=on_receive)
        self.client.start()
        end = time.monotonic() + 10.0
        while not self.connection.is_connected and time.monotonic() < end:
            time.sleep(0.02)
        self.connection.unmute()
        return {"ok": self.connection.is_connected}

    def order(self, station: int, address: int, value: float, select: bool = False) -> dict[str, Any]:
        point = self.points[station, address]
        point.command_mode = c104.CommandMode.SELECT_AND_EXECUTE if select else c104.CommandMode.DIRECT
        point.value = bool(value) if point.type == c104.Type.C_SC_NA_1 else value
        return {"ok": point.transmit(cause=c104.Cot.ACTIVATION)}

    def interrogate(self, station: int) -> dict[str, Any]:
        return {"ok": self.connection.interrogation(station)}

    def received(self) -> dict[str, Any]:
        return {"ok": True, "points": dict(RECEIVED)}


def main() -> None:
    master = Master()
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(master, request.pop("do"))(**request)
        print("= " + json.dumps(answer), flush=True)
    master.client.stop()


if __name__ == "__main__":
    main()
