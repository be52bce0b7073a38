"""Where messages go, as far as who asks may know it: the URL of a webhook can be a credential."""

from collections.abc import Callable
from urllib.parse import urlsplit

from emeter_core.accounts import Permission
from emeter_core.alerts import ChannelKind
from emeter_core.scope import Scope

Recipients = Callable[[str, str], str]
"""Says of a kind of channel and its target where that is."""


def recipients(scope: Scope) -> Recipients:
    """What this scope is told of them: whoever may not see secrets, of a webhook its host alone."""
    sees_all = scope.may(Permission.SEE_SECRETS)
    return lambda kind, target: target if sees_all or kind != ChannelKind.WEBHOOK else host_of(target)


def brief(kind: str, target: str) -> str:
    """Where that is in a sentence: of a webhook its host."""
    return host_of(target) if kind == ChannelKind.WEBHOOK else target


def host_of(url: str) -> str:
    """The host of a URL, and its port if it names one."""
    return urlsplit(url).netloc.rpartition("@")[2]
