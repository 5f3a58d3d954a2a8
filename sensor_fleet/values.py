"""What a healthy sensor reports: realistic, and awkward where real data is (backslashes, quotes, scripts)."""

import uuid
from random import Random

FIELDS = {
    "new_process": ("cmdl", "user"),
    "network_connection": ("source_ip", "destination_ip", "destination_port"),
}
EVENT_TYPES = tuple(FIELDS)
TEXTS = ("cmdl", "user")
ADDRESSES = ("source_ip", "destination_ip")
PORTS = ("destination_port",)

_COMMAND_LINES = (
    "whoami",
    "ps -eo pid,args --pid %d",
    "/usr/bin/python3 -m http.server %d",
    "sh -c 'tail -n %d /var/log/syslog | grep \"error\" > /dev/null'",
    r"C:\Windows\System32\svchost.exe -k netsvcs -p -s Schedule -id %d",
    r'"C:\Program Files\Größe\app.exe" /config:"C:\Users\Ana\%%TEMP%%\new\table.ini" /n %d',
    r"powershell.exe -NoProfile -Command Get-Content \\server\share\報告.txt -Tail %d",
    "printf 'a\tb\nc' | sort -k %d",
    "echo '🛰 готово' && sleep %d",
    'curl -s "http://10.0.0.1:8080/?q={\\"id\\": %d}&r=[1,2]"',
)
_USERS = (
    "root",
    "admin",
    "www-data",
    r"NT AUTHORITY\SYSTEM",
    r"CORP\jürgen.müller",
    "svc_backup$",
    "O'Brien",
    "田中",
    "a b",
)
_EDGE_ADDRESSES = ("0.0.0.0", "127.0.0.1", "255.255.255.255")  # data, nothing listens
_EDGE_PORTS = (0, 1, 443, 65535)
_EDGE_SHARE = 0.05


def uuid4(rng: Random) -> str:
    """A UUID of version 4 that the seed decides."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def event_data(rng: Random, event_type: str) -> dict[str, str | int]:
    """The fields of one valid event, named as in FIELDS."""
    if event_type == "new_process":
        return {"cmdl": _command_line(rng), "user": rng.choice(_USERS)}
    return {"source_ip": _address(rng), "destination_ip": _address(rng), "destination_port": _port(rng)}


def _command_line(rng: Random) -> str:
    template = rng.choice(_COMMAND_LINES)
    return template % rng.getrandbits(20) if "%" in template else template


def _address(rng: Random) -> str:
    if rng.random() < _EDGE_SHARE:
        return rng.choice(_EDGE_ADDRESSES)
    bits = rng.getrandbits(32)
    return f"{bits >> 24}.{bits >> 16 & 255}.{bits >> 8 & 255}.{bits & 255}"


def _port(rng: Random) -> int:
    return rng.choice(_EDGE_PORTS) if rng.random() < _EDGE_SHARE else rng.getrandbits(16)
