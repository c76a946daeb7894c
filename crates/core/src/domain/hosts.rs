//! Hosts that an agent may reach, as a person names them, and what may be reached by that: names, ports, addresses. Pure; nothing is looked up.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What is meant where no port is named: HTTP's and HTTPS'. Source: RFC 9110, §4.2.
const WEB_PORTS: [u16; 2] = [80, 443];

/// The machine itself.
const LOCALHOST: &str = "localhost";
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// The most ports of this machine itself that may be named; `localhost` is two addresses.
pub const MOST_OF_THIS_MACHINE: usize = 32;

/// The longest name. Source: RFC 1035, §2.3.4.
const LONGEST_NAME: usize = 253;

/// A host that an agent may reach: `api.example.org`, `*.example.org:443`, `10.0.0.7:8080`, `[::1]:80`, `localhost:3000`. Without a port: those of
/// the web, 80 and 443.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Host {
    name: Name,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Exactly(String),
    /// All names below this one, and not itself.
    Below(String),
    Address(IpAddr),
    Localhost,
}

/// What is no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseHostError {
    /// A page's address, or nothing that is known.
    #[error(
        "it must be a host with or without a port, like \"api.example.org\", \"*.example.org:443\", \"10.0.0.7:8080\" or \"localhost:3000\""
    )]
    Shape,
    /// `*` alone.
    #[error("a star stands for what is below a name, like \"*.example.org\"; every host is `network: \"all\"`")]
    Everything,
    /// An IPv6 address whose end could be meant as a port.
    #[error("whether its end is a port can't be told: write the address in brackets, like \"[fd00::7]\" or \"[fd00::7]:443\"")]
    Brackets,
    /// Letters that names on the network do not have.
    #[error("names of hosts are written in ASCII here (\"xn--…\" for others)")]
    NotAscii,
    /// Something that no port is.
    #[error("a port is a number from 1 to 65535")]
    Port,
}

/// What an agent asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    name: Name,
    port: u16,
}

/// What becomes of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may reach these, the first that answers.
    Reach(Vec<SocketAddr>),
    /// It may reach this name, wherever that leads as far as [`Hosts::may_lead_to`] says so.
    LookUp(String),
    /// It is not among the hosts.
    Refused,
}

/// All hosts that an agent may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hosts(pub Vec<Host>);

impl FromStr for Host {
    type Err = ParseHostError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        if ends_like_a_port(given.trim()) {
            return Err(ParseHostError::Brackets);
        }
        let (name, port) = parted(given.trim())?;
        if name == "*" {
            return Err(ParseHostError::Everything);
        }
        let name = match name.strip_prefix("*.") {
            Some(below) => match named(below)? {
                Name::Exactly(below) => Name::Below(below),
                Name::Below(_) | Name::Address(_) | Name::Localhost => return Err(ParseHostError::Shape),
            },
            None => named(name)?,
        };
        Ok(Self { name, port })
    }
}

impl TryFrom<String> for Host {
    type Error = ParseHostError;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        given.parse()
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.to_string()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.port)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(name) => f.write_str(name),
            Self::Below(name) => write!(f, "*.{name}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Localhost => f.write_str(LOCALHOST),
        }
    }
}

impl Wanted {
    /// What is asked for by `host:port`, or by `host` where a port goes without saying. None: that is no host.
    pub fn parse(given: &str, usual: Option<u16>) -> Option<Self> {
        let (name, port) = parted(given).ok()?;
        Some(Self { name: named(name).ok()?, port: port.or(usual)? })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Hosts {
    /// Whether what is asked for may be reached, by its name.
    pub fn judge(&self, wanted: &Wanted) -> Verdict {
        let port = wanted.port;
        let addresses = match &wanted.name {
            Name::Address(address) => vec![*address],
            Name::Localhost => LOOPBACK.into(),
            Name::Exactly(name) => {
                let may = self.0.iter().any(|host| host.is_for(port) && host.names(name));
                return if may { Verdict::LookUp(name.clone()) } else { Verdict::Refused };
            }
            Name::Below(_) => return Verdict::Refused,
        };
        let may: Vec<SocketAddr> =
            addresses.into_iter().filter(|address| self.names_address(*address, port)).map(|address| (address, port).into()).collect();
        if may.is_empty() { Verdict::Refused } else { Verdict::Reach(may) }
    }

    /// Whether a name that may be reached may lead to this address: one that everybody reaches, or one that is named itself. Whoever rules a name could
    /// otherwise lead an agent to machines that only this one reaches.
    pub fn may_lead_to(&self, address: IpAddr, port: u16) -> bool {
        is_everybody_s(address) || self.names_address(address, port)
    }

    /// The ports of this machine itself that may be reached, each with where it is reached.
    pub fn of_this_machine(&self) -> Vec<SocketAddr> {
        let mut found = Vec::new();
        for host in &self.0 {
            let addresses = match host.name {
                Name::Localhost => LOOPBACK.to_vec(),
                Name::Address(address) if address.to_canonical().is_loopback() => vec![address.to_canonical()],
                Name::Address(_) | Name::Exactly(_) | Name::Below(_) => continue,
            };
            let ports = host.port.map_or(WEB_PORTS.to_vec(), |port| vec![port]);
            found.extend(addresses.into_iter().flat_map(|address| ports.iter().map(move |port| SocketAddr::from((address, *port)))));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether this address is named itself.
    pub fn names_address(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|host| {
            host.is_for(port)
                && match host.name {
                    Name::Address(named) => named.to_canonical() == address,
                    Name::Localhost => LOOPBACK.contains(&address),
                    Name::Exactly(_) | Name::Below(_) => false,
                }
        })
    }
}

impl Host {
    fn is_for(&self, port: u16) -> bool {
        self.port.map_or(WEB_PORTS.contains(&port), |own| own == port)
    }

    fn names(&self, name: &str) -> bool {
        match &self.name {
            Name::Exactly(own) => own == name,
            Name::Below(own) => {
                name.strip_suffix(own.as_str()).and_then(|before| before.strip_suffix('.')).is_some_and(|before| !before.is_empty())
            }
            Name::Address(_) | Name::Localhost => false,
        }
    }
}

/// Whether this is an IPv6 address, and one with a port as well.
fn ends_like_a_port(given: &str) -> bool {
    let is_address = |text: &str| text.parse::<Ipv6Addr>().is_ok();
    is_address(given)
        && given.rsplit_once(':').is_some_and(|(before, last)| is_address(before) && last.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A host's name or address, and its port if there is one.
fn parted(given: &str) -> Result<(&str, Option<u16>), ParseHostError> {
    let number = |port: &str| match port.parse() {
        Ok(port) if port > 0_u16 => Ok(Some(port)),
        _ => Err(ParseHostError::Port),
    };
    if let Some(rest) = given.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or(ParseHostError::Shape)?;
        address.parse::<Ipv6Addr>().map_err(|_| ParseHostError::Shape)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((address, number(port)?)),
            None if rest.is_empty() => Ok((address, None)),
            None => Err(ParseHostError::Shape),
        };
    }
    match given.split_once(':') {
        Some(_) if given.parse::<Ipv6Addr>().is_ok() => Ok((given, None)),
        Some((_, rest)) if rest.starts_with("//") || rest.contains(':') => Err(ParseHostError::Shape),
        Some((name, port)) => Ok((name, number(port)?)),
        None => Ok((given, None)),
    }
}

/// A name or an address. A name whose last part is a number is none: resolvers read such as addresses, in ways of their own.
fn named(given: &str) -> Result<Name, ParseHostError> {
    if let Ok(address) = given.parse::<IpAddr>() {
        return Ok(Name::Address(address));
    }
    if !given.is_ascii() {
        return Err(ParseHostError::NotAscii);
    }
    let name = given.strip_suffix('.').unwrap_or(given).to_ascii_lowercase();
    if name == LOCALHOST {
        return Ok(Name::Localhost);
    }
    let is_part = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last_is_number = name.rsplit('.').next().is_some_and(|last| last.starts_with(|first: char| first.is_ascii_digit()));
    if name.len() > LONGEST_NAME || last_is_number || !name.split('.').all(is_part) {
        return Err(ParseHostError::Shape);
    }
    Ok(Name::Exactly(name))
}

/// Whether an address is one that everybody reaches: no machine's own, no private network's, no link's (where clouds keep what a machine may do).
/// Source: IANA's registries of special-purpose addresses, for IPv4 and for IPv6.
fn is_everybody_s(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_everybody_s_v4(address),
        IpAddr::V6(address) => {
            let inner = |high: u16, low: u16| is_everybody_s_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
            match address.segments() {
                // An IPv4 address behind a translator (NAT64), or in a tunnel (6to4).
                [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => inner(high, low),
                // What is given out is in 2000::/3; of it not: protocols' own (2001::/23, with Teredo), and examples.
                [first, second, ..] => {
                    first & 0xe000 == 0x2000
                        && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
                        && !(first == 0x3fff && second < 0x1000)
                }
            }
        }
    }
}

fn is_everybody_s_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

#[cfg(test)]
mod tests;
