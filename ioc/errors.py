"""The failures that callers tell apart; the docstring of each class is its default message."""

from __future__ import annotations


class IocError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class ConfigError(IocError):
    """A setting or a configuration file is wrong; the message says which and what to do."""


class BrokerUnavailableError(IocError):
    """Kafka does not answer."""


class DatabaseUnavailableError(IocError):
    """The database does not answer."""


class FencedError(IocError):
    """Another worker was faster: the stored offset is not where this batch starts."""


class UnknownPositionError(IocError):
    """The stored position is not in the log any more; run `ioc doctor`."""


class NotFoundError(IocError):
    """There is no such thing."""


class ConflictError(IocError):
    """The move is not allowed in the state that the thing is in now."""
