"""Start an emulator of AWS so that a call made twice happens once.

``emulator.py ministack`` and ``emulator.py moto …`` serve what the commands ``ministack`` and
``moto_server …`` serve, with :mod:`remembered_answers` before it. Run by the interpreter of
the emulators' own environment.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from remembered_answers import remembering_asgi, remembering_wsgi


def main() -> None:
    """Serve until the end of the process."""
    name, *rest = sys.argv[1:]
    sys.argv[1:] = rest
    if name == "ministack":
        _serve_ministack()
    elif name == "moto":
        _serve_moto(rest)
    else:
        raise SystemExit(f"No emulator is called {name!r}; there are ministack and moto.")


def _serve_ministack() -> None:
    app: Any = importlib.import_module("ministack.app")
    app.app = remembering_asgi(app.app)
    app.main()


def _serve_moto(arguments: list[str]) -> None:
    server: Any = importlib.import_module("moto.server")
    run_simple = server.run_simple

    def serve(host: str, port: int, application: Any, **options: Any) -> None:
        run_simple(host, port, remembering_wsgi(application), **options)

    server.run_simple = serve
    server.main(arguments)


if __name__ == "__main__":
    main()
