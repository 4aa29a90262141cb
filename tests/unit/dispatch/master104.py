"""An IEC 60870-5-104 master in a process of its own, written from the frames up: it shares no code with the outstation.

One JSON request a line in, one answer a line out.
"""

import json
import socket
import struct
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

STARTDT, STARTDT_CON, TESTFR, TESTFR_CON = 0x07, 0x0B, 0x43, 0x83
SIZES = {1: 1, 13: 5, 30: 8, 36: 12, 45: 1, 50: 5, 58: 8, 63: 12, 70: 1, 100: 1, 103: 7}
"""Length of one information element, by type identification."""
NAMES = {3: "SPONTANEOUS", 1: "PERIODIC", 7: "CONFIRMED", 10: "TERMINATED", 20: "INTERROGATED", 46: "UNKNOWN_CA"}


def cp56(moment: datetime) -> bytes:
    milliseconds = moment.second * 1000 + moment.microsecond // 1000
    day = moment.day | moment.isoweekday() << 5
    return struct.pack("<HBBBBB", milliseconds, moment.minute, moment.hour, day, moment.month, moment.year - 2000)


class Master:
    def __init__(self) -> None:
        self.news = threading.Condition()
        self.frames: list[dict[str, object]] = []

    def connect(self, port: int) -> dict[str, object]:
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(None)
        self.sent = self.got = 0
        self.is_started = False
        threading.Thread(target=self._read, args=(self.socket,), daemon=True).start()
        self._control(STARTDT)
        with self.news:
            return {"ok": self.news.wait_for(lambda: self.is_started, 10)}

    def disconnect(self) -> dict[str, object]:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        return {"ok": True}

    def _control(self, function: int) -> None:
        self.socket.sendall(bytes([0x68, 4, function, 0, 0, 0]))

    def _read(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        try:
            while head := stream.read(2):
                body = stream.read(head[1])
                with self.news:
                    self._take(body)
                    self.news.notify_all()
        except (OSError, ValueError):
            return

    def _take(self, body: bytes) -> None:
        if body[0] & 3 == 3:
            if body[0] == STARTDT_CON:
                self.is_started = True
            elif body[0] == TESTFR:
                self._control(TESTFR_CON)
        elif body[0] & 1 == 0:
            self.got += 1
            self.socket.sendall(bytes([0x68, 4, 1, 0]) + struct.pack("<H", self.got << 1))
            self._decode(body[4:])

    def _decode(self, asdu: bytes) -> None:
        kind, count, cause, _, station = struct.unpack("<BBBBH", asdu[:6])
        at, size = 6, SIZES[kind]
        address = -1
        for index in range(count & 0x7F):
            if index and count & 0x80:
                address += 1
            else:
                address = int.from_bytes(asdu[at : at + 3], "little")
                at += 3
            element, at = asdu[at : at + size], at + size
            value, quality = 0.0, 0
            if kind in (13, 36, 50, 63):
                value, quality = struct.unpack("<fB", element[:5])
            elif kind in (1, 30, 45, 58):
                value, quality = element[0] & 1, element[0] & 0xF0
            self.frames.append(
                {
                    "type": kind,
                    "cause": NAMES.get(cause & 0x3F, cause & 0x3F),
                    "negative": bool(cause & 0x40),
                    "station": station,
                    "address": address,
                    "value": value,
                    "good": quality == 0,
                    "hour": element[-4] & 0x1F if kind in (30, 36) else None,
                }
            )

    def _send(self, kind: int, station: int, address: int, element: bytes) -> None:
        asdu = struct.pack("<BBBBH", kind, 1, 6, 0, station) + address.to_bytes(3, "little") + element
        control = struct.pack("<HH", self.sent << 1, self.got << 1)
        self.sent += 1
        self.socket.sendall(bytes([0x68, 4 + len(asdu)]) + control + asdu)

    def _confirmed(self, kind: int, station: int, address: int, element: bytes) -> dict[str, object]:
        """Send a command and return what was answered: the first confirmation for it."""
        with self.news:
            begin = len(self.frames)
            sent = time.time_ns() // 1000
            self._send(kind, station, address, element)

            def answer() -> dict[str, object] | None:
                for frame in self.frames[begin:]:
                    is_of_it = (frame["type"], frame["station"], frame["address"]) == (kind, station, address)
                    if is_of_it and frame["cause"] != "TERMINATED":
                        return frame
                return None

            self.news.wait_for(lambda: answer() is not None, 5)
            told = answer()
            if told is None:
                return {"ok": False, "cause": "nothing", "sent_us": sent, "confirmed_us": sent}
            is_taken = told["cause"] == "CONFIRMED" and not told["negative"]
            return {"ok": is_taken, "cause": told["cause"], "sent_us": sent, "confirmed_us": time.time_ns() // 1000}

    def set_point(self, station: int, address: int, value: float, late: float | None = None) -> dict[str, object]:
        element = struct.pack("<fB", value, 0)
        if late is None:
            return self._confirmed(50, station, address, element)
        return self._confirmed(63, station, address, element + cp56(datetime.now(UTC) - timedelta(seconds=late)))

    def set_points(self, station: int, address: int, values: list[float], seconds: float) -> dict[str, object]:
        answers = []
        for value in values:
            answers.append(self.set_point(station, address, value))
            time.sleep(seconds)
        return {"ok": all(answer["ok"] for answer in answers), "answers": answers}

    def agc(self, station: int, address: int, is_on: bool, select: bool = True) -> dict[str, object]:
        if select:
            answer = self._confirmed(45, station, address, bytes([0x80 | is_on]))
            if not answer["ok"]:
                return answer
        return self._confirmed(45, station, address, bytes([is_on]))

    def select(self, station: int, address: int) -> dict[str, object]:
        return self._confirmed(45, station, address, bytes([0x81]))

    def interrogate(self, station: int) -> dict[str, object]:
        return self._confirmed(100, station, 0, bytes([20]))

    def clock(self, station: int, ahead: float = 0.0) -> dict[str, object]:
        return self._confirmed(103, station, 0, cp56(datetime.now(UTC) + timedelta(seconds=ahead)))

    def received(self) -> dict[str, object]:
        with self.news:
            frames, self.frames = self.frames, []
        return {"ok": True, "frames": frames}


def main() -> None:
    master = Master()
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(master, request.pop("do"))(**request)
        print("= " + json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
