"""Who is told, as the settings say."""

from collections import Counter
from collections.abc import Callable

from event_processor.aws.clients import Clients
from event_processor.aws.sns import SnsTopic
from event_processor.channels.slack import Slack
from event_processor.channels.smtp import MailServer, Smtp
from event_processor.channels.webhook import Webhook
from event_processor.notices.ports import Channel
from event_processor.settings.notices import ChannelAddress, ChannelAddresses


def make_channels(addresses: ChannelAddresses, clients: Callable[[], Clients]) -> list[Channel]:
    """A channel for each, named after its audience or kind, numbered where that is not enough. Raises SettingsError."""
    used: Counter[str] = Counter()
    channels = []
    for address in addresses:
        name = address.audience or address.kind
        used[name] += 1
        shown = name if used[name] == 1 else f"{name}-{used[name]}"
        channels.append(_channel(shown, address, clients))
    return channels


def _channel(name: str, address: ChannelAddress, clients: Callable[[], Clients]) -> Channel:
    match address.kind:
        case "slack":
            return Slack(name, address.audience, address.target)
        case "webhook":
            return Webhook(name, address.audience, address.target)
        case "sns":
            return SnsTopic(name, address.audience, address.target, clients().sns(address.region))
        case "smtp":
            return Smtp(name, address.audience, _mail_server(address))


def _mail_server(address: ChannelAddress) -> MailServer:
    (sender, receivers), (user, password) = address.mail, address.login
    return MailServer(address.url.hostname or "", address.url.port or 0, sender, receivers, user, password)
