"""The ranges that no check dials unasked: our own table, pinned, with the source of each line.

`ipaddress.is_private` is not used: what it answers differs between versions of Python, and it lets
shared, translated and cloud-metadata addresses through. Sources, where no RFC is named:
IANA "IPv4 Special-Purpose Address Registry", "IPv6 Special-Purpose Address Registry" and
"Internet Protocol Version 6 Address Space"; clouds: the provider's own documentation.
"""

import ipaddress
from typing import NamedTuple

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class Range(NamedTuple):
    """A forbidden range: why, and whether a wider CIDR of the operator opens it.

    One that is `shut` opens only by being named to the bit, as a /32 or /128.
    """

    network: IpNetwork
    why: str
    shut: bool


def _table(lines: str) -> tuple[Range, ...]:
    """Read lines of `network flag why`; `!` is shut, `-` can be opened. What follows `#` is its source."""
    ranges = []
    for line in lines.strip().splitlines():
        network, flag, why = line.partition("#")[0].split(maxsplit=2)
        ranges.append(Range(ipaddress.ip_network(network), why.strip(), flag == "!"))
    return tuple(ranges)


RANGES = _table(
    """
    0.0.0.0/8           ! this network          # RFC 791 3.2; 0.0.0.0 reaches loopback on Linux
    10.0.0.0/8          - private               # RFC 1918
    100.64.0.0/10       - carrier-grade NAT     # RFC 6598
    100.100.100.200/32  ! cloud metadata        # Alibaba Cloud ECS
    127.0.0.0/8         - loopback              # RFC 1122 3.2.1.3
    168.63.129.16/32    ! cloud metadata        # Azure WireServer; a public address, yet the host's own
    169.254.0.0/16      ! link-local            # RFC 3927
    169.254.42.42/32    ! cloud metadata        # Scaleway
    169.254.169.123/32  ! cloud metadata        # AWS time
    169.254.169.253/32  ! cloud metadata        # AWS name server
    169.254.169.254/32  ! cloud metadata        # AWS, Azure, Google, DigitalOcean, Hetzner, OpenStack
    169.254.170.2/32    ! cloud metadata        # AWS ECS credentials
    169.254.170.23/32   ! cloud metadata        # AWS EKS pod identity
    172.16.0.0/12       - private               # RFC 1918
    192.0.0.0/24        - protocol assignments  # RFC 6890
    192.0.0.192/32      ! cloud metadata        # Oracle Cloud, classic
    192.0.2.0/24        - documentation         # RFC 5737
    192.88.99.0/24      - 6to4 relay            # RFC 7526
    192.168.0.0/16      - private               # RFC 1918
    198.18.0.0/15       - benchmarking          # RFC 2544
    198.51.100.0/24     - documentation         # RFC 5737
    203.0.113.0/24      - documentation         # RFC 5737
    224.0.0.0/4         ! multicast             # RFC 1112
    233.252.0.0/24      ! documentation         # RFC 6676
    240.0.0.0/4         ! reserved              # RFC 1112 4
    255.255.255.255/32  ! broadcast             # RFC 919

    ::/8                ! reserved              # RFC 4291
    ::/128              ! unspecified           # RFC 4291 2.5.2; reaches loopback on Linux
    ::1/128             - loopback              # RFC 4291 2.5.3
    ::/96               ! IPv4-compatible       # RFC 4291 2.5.5.1
    ::ffff:0:0:0/96     ! IPv4-translated       # RFC 2765
    64:ff9b:1::/48      ! local-use NAT64       # RFC 8215
    100::/8             ! reserved              # RFC 4291
    100::/64            ! discard               # RFC 6666
    100:0:0:1::/64      ! dummy prefix          # RFC 9780
    200::/7             ! reserved              # RFC 4048
    400::/6             ! reserved              # RFC 4291
    800::/5             ! reserved              # RFC 4291
    1000::/4            ! reserved              # RFC 4291
    2001::/23           - protocol assignments  # RFC 2928
    2001::/32           ! Teredo                # RFC 4380
    2001:2::/48         - benchmarking          # RFC 5180
    2001:10::/28        ! ORCHID                # RFC 4843
    2001:20::/28        ! ORCHIDv2              # RFC 7343
    2001:db8::/32       - documentation         # RFC 3849
    2002::/16           ! 6to4                  # RFC 3056
    3fff::/20           - documentation         # RFC 9637
    4000::/3            ! reserved              # RFC 4291
    5f00::/16           ! segment routing       # RFC 9602
    6000::/3            ! reserved              # RFC 4291
    8000::/3            ! reserved              # RFC 4291
    a000::/3            ! reserved              # RFC 4291
    c000::/3            ! reserved              # RFC 4291
    e000::/4            ! reserved              # RFC 4291
    f000::/5            ! reserved              # RFC 4291
    f800::/6            ! reserved              # RFC 4291
    fc00::/7            - unique local          # RFC 4193
    fd00:42::42/128     ! cloud metadata        # Scaleway
    fd00:c1::a9fe:a9fe/128 ! cloud metadata     # Oracle Cloud
    fd00:ec2::23/128    ! cloud metadata        # AWS EKS pod identity
    fd00:ec2::123/128   ! cloud metadata        # AWS time
    fd00:ec2::253/128   ! cloud metadata        # AWS name server
    fd00:ec2::254/128   ! cloud metadata        # AWS
    fd20:ce::254/128    ! cloud metadata        # Google Cloud
    fe00::/9            ! reserved              # RFC 4291
    fe80::/10           ! link-local            # RFC 4291 2.5.6
    fec0::/10           - site-local            # RFC 3879
    ff00::/8            ! multicast             # RFC 4291 2.7
""".replace("\n\n", "\n")
)

MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""IPv4-mapped, RFC 4291 2.5.5.2: the kernel dials the IPv4 address itself."""

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""The well-known prefix, RFC 6052: what DNS64 answers on a network without IPv4."""

LOCAL_NETWORKS: tuple[IpNetwork, ...] = tuple(
    ipaddress.ip_network(text)
    for text in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
"""Loopback, RFC 1918 and unique local: what someone who runs this at home may open."""
