"""Ask a process in this container how it is: exit status 0 for an answer of 200, else 1 and one line saying why.

    python healthcheck.py 26066 /readyz

The slim Python image has neither curl nor wget. Only the standard library is used, and no proxy of the environment,
which would send a question about 127.0.0.1 elsewhere.
"""

from __future__ import annotations

import http.client
import sys

TIMEOUT_SECONDS = 4.0


def check(port: int, path: str, host: str = "127.0.0.1") -> str | None:
    """Why the process is not well, or None when it is.

    Args:
        port: of its HTTP server.
        path: /livez or /readyz.
        host: its address.
    """
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read(500).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"{path} on port {port}: {error or type(error).__name__}"
    finally:
        connection.close()
    return None if response.status == http.HTTPStatus.OK else f"{path} on port {port}: {response.status} {body}"


def main(arguments: list[str]) -> int:
    """Run the check with `PORT PATH`; returns the exit status (0 well, 1 not well, 2 called wrongly)."""
    if len(arguments) != 2 or not arguments[0].isdigit() or not arguments[1].startswith("/"):
        sys.stderr.write("usage: healthcheck.py PORT PATH, for example 26066 /readyz\n")
        return 2
    fault = check(int(arguments[0]), arguments[1])
    if fault is not None:
        sys.stderr.write(f"{fault}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
