//! DNS lookup without the C library.
//!
//! In a static binary glibc's `getaddrinfo` loads the *system's* NSS modules. They may belong to another glibc
//! version than the binary was linked with, which may crash. Lambda needs only `/etc/hosts` and a plain query
//! to the name servers in `/etc/resolv.conf`. TLS, not DNS, authenticates the other side.

use crate::destination::is_public;
use hyper_util::client::legacy::connect::dns::Name;
use simple_dns::{CLASS, Packet, PacketFlag, QCLASS, QTYPE, Question, TYPE, rdata::RData};
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// Timeout of one query to one server. Inside AWS an answer takes a few milliseconds.
const PATIENCE: Duration = Duration::from_millis(800);
/// How often each server is queried before giving up.
const ROUNDS: usize = 2;
const PORT: u16 = 53;
/// Largest answer over UDP without EDNS (RFC 1035, 4.2.1).
const MAX_DATAGRAM: usize = 512;

/// A resolver for hyper's connector.
#[derive(Clone, Copy, Debug)]
pub(super) enum Resolver {
    /// It finds every address.
    Any,
    /// It finds only addresses of the internet at large. The connector connects to exactly those, so a name cannot have other
    /// addresses a moment later.
    Public,
}

/// A name has only addresses of private networks.
#[derive(Debug, thiserror::Error)]
#[error("a private network")]
pub(super) struct Private;

impl tower_service::Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = *self;
        Box::pin(async move {
            let addresses = resolver.admit(resolve(name.as_str()).await?)?;
            // The connector sets the real port.
            Ok(addresses
                .into_iter()
                .map(|ip| SocketAddr::new(ip, 0))
                .collect::<Vec<_>>()
                .into_iter())
        })
    }
}

impl Resolver {
    /// The addresses that may be used.
    fn admit(self, mut addresses: Vec<IpAddr>) -> io::Result<Vec<IpAddr>> {
        if matches!(self, Self::Public) {
            addresses.retain(|address| is_public(*address));
            if addresses.is_empty() {
                return Err(Error::other(Private));
            }
        }
        Ok(addresses)
    }
}

async fn resolve(host: &str) -> io::Result<Vec<IpAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let listed = addresses_in_hosts(&read("/etc/hosts"), host);
    if !listed.is_empty() {
        return Ok(listed);
    }
    let servers = servers_in(&read("/etc/resolv.conf"));
    // Functions reach the internet over IPv4 unless their subnet is set up differently.
    match query_any(&servers, host, TYPE::A).await {
        Ok(addresses) if !addresses.is_empty() => Ok(addresses),
        _ => match query_any(&servers, host, TYPE::AAAA).await {
            Ok(addresses) if addresses.is_empty() => Err(ErrorKind::NotFound.into()),
            other => other,
        },
    }
}

/// Reads a file; a missing or unreadable file counts as empty.
fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn addresses_in_hosts(hosts: &str, host: &str) -> Vec<IpAddr> {
    let entries = hosts.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words
            .any(|name| name.eq_ignore_ascii_case(host))
            .then_some(address)
    });
    entries.collect()
}

fn servers_in(resolv_conf: &str) -> Vec<SocketAddr> {
    let addresses = resolv_conf.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()? == "nameserver")
            .then(|| words.next()?.parse().ok())
            .flatten()
    });
    addresses.map(|ip| SocketAddr::new(ip, PORT)).collect()
}

/// Queries each server in turn; the first answer counts.
async fn query_any(servers: &[SocketAddr], host: &str, kind: TYPE) -> io::Result<Vec<IpAddr>> {
    let mut last = Error::from(ErrorKind::NotFound);
    for server in std::iter::repeat_n(servers, ROUNDS).flatten() {
        match timeout(PATIENCE, query(*server, host, kind)).await {
            Ok(Ok(addresses)) => return Ok(addresses),
            Ok(Err(error)) => last = error,
            Err(_) => last = ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

async fn query(server: SocketAddr, host: &str, kind: TYPE) -> io::Result<Vec<IpAddr>> {
    let id = RandomState::new().hash_one(host) as u16;
    let request = request(id, host, kind)?;
    let local: IpAddr = if server.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let socket = UdpSocket::bind((local, 0)).await?;
    // From here on the kernel drops datagrams from any other sender.
    socket.connect(server).await?;
    socket.send(&request).await?;
    let mut buffer = [0; MAX_DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await?;
        match answer(&buffer[..length], id, kind) {
            Answer::Stray => {}
            Answer::Truncated => return query_tcp(server, &request, id, kind).await,
            Answer::Addresses(addresses) => return addresses,
        }
    }
}

/// The same query over TCP, for answers that are too long for a datagram. Each message is preceded by its
/// length.
async fn query_tcp(server: SocketAddr, request: &[u8], id: u16, kind: TYPE) -> io::Result<Vec<IpAddr>> {
    let mut stream = TcpStream::connect(server).await?;
    stream
        .write_u16(u16::try_from(request.len()).map_err(Error::other)?)
        .await?;
    stream.write_all(request).await?;
    let mut reply = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut reply).await?;
    match answer(&reply, id, kind) {
        Answer::Addresses(addresses) => addresses,
        Answer::Stray | Answer::Truncated => Err(ErrorKind::InvalidData.into()),
    }
}

fn request(id: u16, host: &str, kind: TYPE) -> io::Result<Vec<u8>> {
    let name = simple_dns::Name::new(host).map_err(|_| Error::from(ErrorKind::InvalidInput))?;
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(
        name,
        QTYPE::TYPE(kind),
        QCLASS::CLASS(CLASS::IN),
        false,
    ));
    packet
        .build_bytes_vec()
        .map_err(|_| ErrorKind::InvalidInput.into())
}

enum Answer {
    /// Not an answer to this query.
    Stray,
    Truncated,
    /// The addresses of the name; empty if it has none of this type.
    Addresses(io::Result<Vec<IpAddr>>),
}

fn answer(bytes: &[u8], id: u16, kind: TYPE) -> Answer {
    let Ok(packet) = Packet::parse(bytes) else {
        return Answer::Stray;
    };
    if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) {
        return Answer::Stray;
    }
    if packet.has_flags(PacketFlag::TRUNCATION) {
        return Answer::Truncated;
    }
    match packet.rcode() {
        simple_dns::RCODE::NoError => {}
        simple_dns::RCODE::NameError => return Answer::Addresses(Err(ErrorKind::NotFound.into())),
        _ => return Answer::Addresses(Err(ErrorKind::InvalidData.into())),
    }
    // Answers include the chain of CNAME records; only address records count.
    let addresses = packet
        .answers
        .iter()
        .filter_map(|record| match (&record.rdata, kind) {
            (RData::A(a), TYPE::A) => Some(Ipv4Addr::from(a.address).into()),
            (RData::AAAA(a), TYPE::AAAA) => Some(Ipv6Addr::from(a.address).into()),
            _ => None,
        });
    Answer::Addresses(Ok(addresses.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use simple_dns::{ResourceRecord, rdata::A, rdata::CNAME};

    #[test]
    fn hosts_and_servers_are_read() {
        let hosts = "127.0.0.1 localhost # none\n10.0.0.7 Kms.local kms\n# 10.0.0.8 kms\n::7 kms\n";
        assert_eq!(
            addresses_in_hosts(hosts, "kms"),
            ["10.0.0.7".parse::<IpAddr>(), "::7".parse()].map(Result::unwrap)
        );
        assert!(addresses_in_hosts(hosts, "none").is_empty());
        let servers =
            servers_in("search x\nnameserver 169.254.78.1\noptions timeout:1\nnameserver fd00::2\n");
        assert_eq!(
            servers,
            ["169.254.78.1:53".parse::<SocketAddr>(), "[fd00::2]:53".parse()].map(Result::unwrap)
        );
    }

    #[test]
    fn of_a_mixed_answer_only_the_public_addresses_count() {
        let addresses = ["10.0.0.7", "1.1.1.1", "fd00:ec2::254"].map(|ip| ip.parse::<IpAddr>().expect(ip));
        let admitted = |resolver: Resolver, count: usize| resolver.admit(addresses[..count].to_vec());
        assert_eq!(admitted(Resolver::Any, 3).expect("all").len(), 3);
        assert_eq!(admitted(Resolver::Public, 3).expect("one"), [addresses[1]]);
        assert!(admitted(Resolver::Public, 1).is_err());
    }

    /// A name server on loopback: first it sends stray datagrams, then an alias with an address.
    #[tokio::test]
    async fn an_alias_leads_to_its_address() {
        let server = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let address = server.local_addr().expect("its address");
        let served = tokio::spawn(async move {
            let mut buffer = [0; 512];
            let (length, client) = server.recv_from(&mut buffer).await.expect("a query");
            let query = Packet::parse(&buffer[..length]).expect("a packet");
            let question = query.questions[0].clone();
            for id in [query.id().wrapping_add(1), query.id()] {
                let mut reply = Packet::new_reply(id);
                let alias = simple_dns::Name::new_unchecked("edge.example");
                let record = |name, data| ResourceRecord::new(name, CLASS::IN, 60, data);
                reply
                    .answers
                    .push(record(question.qname.clone(), RData::CNAME(CNAME(alias.clone()))));
                let address = if id == query.id() {
                    [10, 0, 0, 9]
                } else {
                    [6, 6, 6, 6]
                };
                reply.answers.push(record(
                    alias,
                    RData::A(A {
                        address: u32::from_be_bytes(address),
                    }),
                ));
                server
                    .send_to(&reply.build_bytes_vec().expect("bytes"), client)
                    .await
                    .expect("sent");
            }
            question.qname.to_string()
        });
        let found = query_any(&[address], "hooks.slack.com", TYPE::A)
            .await
            .expect("an answer");
        assert_eq!(found, [IpAddr::from([10, 0, 0, 9])]);
        assert_eq!(served.await.expect("served"), "hooks.slack.com");
    }
}
