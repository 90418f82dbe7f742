"""Joining a Ray cluster, or starting one on this machine that nobody else can reach."""

from __future__ import annotations

import os
import signal
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from ..errors import ScenarioError
from .signals import children_deaf_to_ctrl_c

ANSWERS_WITHIN = 5.0  # seconds; Ray itself would try for minutes
STORE_BYTES = 2**27  # of the object store: results are files, nothing large goes through it
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # a cluster of ours reports nothing to anybody
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else Ray warns of what its next version will do
}


def imported() -> Any:
    """The package. Raises ScenarioError where it is not installed."""
    try:
        return import_module("ray")
    except ModuleNotFoundError as error:
        raise ScenarioError("--engine", [("", "ray is not installed: pip install 'ratiodrift[ray]'")]) from error


@contextmanager
def joined(ray: Any, cpus: int, address: str | None) -> Iterator[None]:
    """Within the cluster of an address, else of $RAY_ADDRESS, else one of this machine with so many workers.

    One that the program has joined already is used, and left alone afterwards. Raises ScenarioError where none answers.
    """
    if ray.is_initialized():
        yield
        return
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    with _quietly():
        if address == "local":
            ray.init(
                address=address,
                num_cpus=cpus,
                object_store_memory=STORE_BYTES,
                include_dashboard=False,
                _node_ip_address="127.0.0.1",
                log_to_driver=False,
                logging_level="critical",
            )
        else:
            _join(ray, address)
    try:
        yield
    finally:
        ray.shutdown()


def _join(ray: Any, address: str) -> None:
    host, _, port = address.rpartition("://")[-1].strip("/").rpartition(":")
    if port.isdecimal() and not _answers(host, int(port)):
        raise ScenarioError("--address", [("", f"nothing answers at {address}")])
    try:
        with _loopback(host, port):
            ray.init(address=address, log_to_driver=False, logging_level="critical")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ScenarioError("--address", [("", f"no Ray cluster answers at {address}: {error}")]) from error


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host.strip("[]"), port), timeout=ANSWERS_WITHIN).close()
    except OSError:
        return False
    return True


@contextmanager
def _loopback(host: str, port: str) -> Iterator[None]:
    """Ray takes 127.0.0.1 for the machine's outer address; not so where the cluster answers inside only."""
    from ray._private import services

    outer = getattr(services, "resolve_ip_for_localhost", None)
    if outer is None or not port.isdecimal() or _answers(outer(host), int(port)):
        yield
        return
    services.resolve_ip_for_localhost = lambda host: host
    try:
        yield
    finally:
        services.resolve_ip_for_localhost = outer


@contextmanager
def _quietly() -> Iterator[None]:
    """Ray starts without a word, and leaves this process's settings and its way to stop as they were."""
    before = {name: os.environ.get(name) for name in SETTINGS}
    os.environ.update({name: value for name, value in SETTINGS.items() if before[name] is None})
    main = threading.current_thread() is threading.main_thread()
    on_term = signal.getsignal(signal.SIGTERM)
    try:
        with warnings.catch_warnings(), children_deaf_to_ctrl_c():
            warnings.filterwarnings("ignore", message=r".*os\.fork\(\)")  # jax's: Ray forks to start another program
            warnings.filterwarnings("ignore", category=FutureWarning, module="ray")
            yield
    finally:
        if main:
            signal.signal(signal.SIGTERM, on_term)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
