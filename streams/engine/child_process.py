"""A child process that can be ended at any moment and begun anew, whatever the parent and the child are doing.

A child that hangs inside a C function cannot be interrupted from Python, so it is ended by SIGKILL. Its successor
cannot be forked by the worker, which has threads by then (a fork copies locks that they hold). Therefore the worker
forks a *template* while it has no threads, and the template, which does nothing else, forks the children:

    worker ── control socket ──► template ── fork ──► child
       └────────────── data socket (multiprocessing Connection) ──┘

The template and its child end when the worker does, even by kill -9: the control socket is closed then.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from streams.errors import RestartNeeded
from streams.observability.logs import get_logger

log = get_logger(__name__)

_BEGIN, _END = b"b", b"e"
_NUMBER = struct.Struct("q")
# Linux ends the process with the highest value first when memory is short: the child, not the worker.
_OOM_SCORE = "1000"


class TemplateLost(RestartNeeded):
    """The template ended, so no child can be begun; the worker has to restart."""


class ChildProcess:
    """One child at a time, begun and ended on demand.

    Args:
        run: the child's work, called with its end of the data socket. The child ends when it returns or raises.
        expendable: whether the system may end the child before all others when memory is short (Linux).

    Attributes:
        pid: process id of the child; None while there is none.
        connection: data socket to the child, of no use without one.
    """

    def __init__(self, run: Callable[[Connection], object], *, expendable: bool = True) -> None:
        self._run = run
        self._expendable = expendable
        self._control: socket.socket | None = None
        self.pid: int | None = None
        self.connection: Connection | None = None

    def prepare(self) -> None:
        """Fork the template. To be called before this process has threads."""
        sys.stdout.flush()
        sys.stderr.flush()
        ours, theirs = socket.socketpair()
        with warnings.catch_warnings():
            # Python 3.12 warns of any thread; those of linear algebra libraries take care of forks themselves.
            warnings.simplefilter("ignore", DeprecationWarning)
            forked = os.fork()
        if forked == 0:
            ours.close()
            _serve_forks(theirs, self._run, self._expendable)
        theirs.close()
        self._control = ours

    def begin(self) -> Connection:
        """Fork a child and return the data socket to it.

        Raises:
            TemplateLost: the template is gone.
        """
        control = self._open_control()
        try:
            control.sendall(_BEGIN)
            message, descriptors, *_ = socket.recv_fds(control, _NUMBER.size, 1)
        except OSError as error:
            raise TemplateLost(f"no child process can be begun: {error}") from error
        if len(message) < _NUMBER.size or not descriptors:
            raise TemplateLost("no child process can be begun: the one that forks them has ended")
        (self.pid,) = _NUMBER.unpack(message)
        self.connection = Connection(descriptors[0])
        return self.connection

    def end(self) -> int:
        """End the child at once if it still runs.

        Returns:
            Its exit status, or the negative number of the signal that ended it; -9 if it was running.

        Raises:
            TemplateLost: the template is gone, and with it the child.
        """
        control = self._open_control()
        if self.connection is not None:
            self.connection.close()
        self.pid = self.connection = None
        try:
            control.sendall(_END)
            message = control.recv(_NUMBER.size)
        except OSError as error:
            raise TemplateLost(f"the child process cannot be ended: {error}") from error
        if len(message) < _NUMBER.size:
            raise TemplateLost("the process that forks children has ended")
        (status,) = _NUMBER.unpack(message)
        return int(status)

    def close(self) -> None:
        """End the template, and with it the child."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self.connection is not None:
            self.connection.close()
        self.pid = self.connection = None

    def _open_control(self) -> socket.socket:
        if self._control is None:
            raise TemplateLost("no child process was prepared, or it is closed")
        return self._control


def _serve_forks(control: socket.socket, run: Callable[[Connection], object], expendable: bool) -> NoReturn:
    """Fork and end children as the worker asks, until it closes its socket."""
    _leave_signals_to_the_worker()
    gc.freeze()  # memory that the children share stays shared if the collector does not write to it
    child = 0
    while True:
        try:
            command = control.recv(1)
        except OSError:
            command = b""
        if command == _BEGIN:
            ours, theirs = socket.socketpair()
            child = os.fork()
            if child == 0:
                ours.close()
                control.close()
                _run_and_exit(theirs, run, expendable)
            theirs.close()
            with suppress(OSError):
                socket.send_fds(control, [_NUMBER.pack(child)], [ours.fileno()])
            ours.close()
            continue
        status = _ended(child) if child else 0
        child = 0
        if command != _END:
            os._exit(0)
        with suppress(OSError):
            control.sendall(_NUMBER.pack(status))


def _ended(child: int) -> int:
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)  # no effect on a child that has ended, whose own status is returned
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run_and_exit(data: socket.socket, run: Callable[[Connection], object], expendable: bool) -> NoReturn:
    if expendable:
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")
    status = 1
    try:
        run(Connection(data.detach()))
        status = 0
    except BaseException:
        log.exception("a child process failed")
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _leave_signals_to_the_worker() -> None:
    """Ignore what a terminal or a service manager sends to all processes of a worker, which finishes its batch."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
