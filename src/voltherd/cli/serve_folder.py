"""Showing one file of a folder in the browser of whoever sits there."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rich.console import Console


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Log nothing: the terminal belongs to the demo."""


def serve_folder(folder: Path, page: str, port: int, console: Console) -> None:
    """Serve `folder` on the loopback address until interrupted; a port in use is said and left alone."""
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(folder)))
    except OSError as error:
        console.print(f"Port {port} cannot be used ({error.strerror}): open the file itself.")
        return
    console.print(f"http://127.0.0.1:{port}/{page}   (Ctrl-C ends)")
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.print("ended")
