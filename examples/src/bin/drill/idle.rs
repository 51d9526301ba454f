//! Holds connections that do nothing, half of a handshake, or a head byte by byte, while offices
//! work and others send too much.

use std::sync::Arc;
use std::time::{Duration, Instant};

use careplan_client::Transport as _;
use careplan_protocol::{CONTAINER_TYPE, Confirmation, IdempotencyKey};
use clap::Args;
use rustls_pki_types::ServerName;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use uuid::Uuid;

use crate::caller::{Caller, Whereabouts};
use crate::failure::Failure;
use crate::load::sha256_of;
use crate::platform::PlatformProcess;
use crate::world::{Places, World};
use crate::{Outcome, Storage};

/// Handshakes at a time while connections are made.
const AT_A_TIME: usize = 64;
/// Between two bytes of a slow head.
const SLOW: Duration = Duration::from_millis(500);
/// The beginning of a TLS record with a `ClientHello`, of which the rest never comes.
const HALF_A_HELLO: &[u8] = &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc];

#[derive(Debug, Args)]
pub(crate) struct Idle {
    /// Connections to hold (接続の数)
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// Complete cycles to make meanwhile (送受信の回数)
    #[arg(long, default_value_t = 100)]
    cycles: usize,
}

impl Idle {
    /// One drill; `None` if the machine has no PostgreSQL and that is allowed.
    pub(crate) fn run(&self, storage: Storage) -> Result<Option<Outcome>, Failure> {
        allow_file_handles(self.connections + 500)?;
        let Some(mut world) = World::new(storage, Places::default())? else {
            return Ok(None);
        };
        // Nobody is let go before the drill is over.
        world.set("LIMITS_CONNECTIONS", &(self.connections + 200).to_string());
        world.set("LIMITS_HANDSHAKE_SECONDS", "600");
        world.set("LIMITS_HEAD_SECONDS", "3600");
        let platform = world.start()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(Failure::system("starting threads"))?;
        let alone = self.work(&world, &platform)?;
        let memory = || platform.memory("VmRSS:").unwrap_or_default();
        let before = memory();
        // Of ten connections, seven are idle after the handshake, one is slow, one has sent half a
        // handshake, one nothing at all.
        let tenth = self.connections / 10;
        let established = self.connections - 3 * tenth;
        let guests = Guests::new(&world, platform.address())?;
        let start = Instant::now();
        let idle = runtime.block_on(guests.established(established))?;
        let each = (memory() - before) as f64 / established as f64;
        let seconds = start.elapsed().as_secs_f64();
        let slow = runtime.block_on(guests.established(tenth))?;
        for stream in slow {
            runtime.spawn(send_slowly(stream));
        }
        let mut half = runtime.block_on(guests.connected(2 * tenth))?;
        runtime
            .block_on(async {
                for stream in half.iter_mut().take(tenth) {
                    stream.write_all(HALF_A_HELLO).await?;
                }
                Ok(())
            })
            .map_err(Failure::system("half a handshake"))?;
        let rude = runtime.spawn(guests.clone().too_much());
        let among_them = self.work(&world, &platform)?;
        let held = platform.metric("careplan_connections ")?;
        rude.abort();
        let refused = match runtime.block_on(rude) {
            Ok(result) => result?,
            Err(_) => guests.refused.load(std::sync::atomic::Ordering::SeqCst),
        };
        let good = held >= self.connections as f64 && refused > 0;
        drop((idle, half));
        Ok(Some(Outcome {
            good,
            told: json!({
                "connections": self.connections,
                "held_to_the_end": held,
                "too_large_calls_refused": refused,
                "kilobytes_each_idle": (each * 10.0).round() / 10.0,
                "handshakes_per_s": (established as f64 / seconds).round(),
                "platform_memory_mb": memory() / 1000,
                "cycles": self.cycles,
                "cycle_ms_alone": alone,
                "cycle_ms_among_them": among_them,
            }),
        }))
    }

    /// Makes complete cycles, each over new connections; how long they take.
    fn work(
        &self,
        world: &World,
        platform: &PlatformProcess,
    ) -> Result<serde_json::Value, Failure> {
        let whereabouts = Whereabouts::default();
        whereabouts.is_at(Some(platform.address()));
        let ended = || Failure::told("the platform was not waited for");
        let mut sender = Caller::new(world, &world.sender, &whereabouts);
        let mut receiver = Caller::new(world, &world.receiver, &whereabouts);
        let mut times = Vec::new();
        for _ in 0..self.cycles {
            let container = world.container()?;
            let key = IdempotencyKey::new(Uuid::now_v7());
            sender.hang_up();
            receiver.hang_up();
            let start = Instant::now();
            let receipt = sender
                .call(|transport, token| {
                    let bytes = container.len() as u64;
                    let to = world.receiver.number;
                    let mut content = container.as_slice();
                    transport.send(token, to, key, CONTAINER_TYPE, &mut content, bytes)
                })?
                .ok_or_else(ended)?;
            let fetched = receiver
                .call(|transport, token| {
                    let mut content = Vec::new();
                    transport.fetch(token, receipt.sending, &mut content)?;
                    Ok(content)
                })?
                .ok_or_else(ended)?;
            if fetched != container {
                return Err(Failure::told("other bytes came out than went in"));
            }
            let sha256 = sha256_of(&fetched);
            receiver
                .call(|transport, token| {
                    transport.confirm(token, receipt.sending, &Confirmation { sha256 })
                })?
                .ok_or_else(ended)?;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        let at = |part: usize| {
            times
                .get((times.len() * part / 100).min(times.len().saturating_sub(1)))
                .map(|time| (time.as_secs_f64() * 10_000.0).round() / 10.0)
        };
        Ok(json!({"p50": at(50), "p99": at(99)}))
    }
}

/// Whoever connects without working.
#[derive(Clone)]
struct Guests {
    address: String,
    tls: TlsConnector,
    refused: Arc<std::sync::atomic::AtomicUsize>,
}

impl Guests {
    fn new(world: &World, address: &str) -> Result<Self, Failure> {
        Ok(Self {
            address: address.trim_start_matches("https://").to_owned(),
            tls: TlsConnector::from(Arc::new(world.sender.tls(&world.authority)?)),
            refused: Arc::default(),
        })
    }

    /// Connections without a word.
    async fn connected(&self, count: usize) -> Result<Vec<TcpStream>, Failure> {
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let stream = TcpStream::connect(&self.address)
                .await
                .map_err(Failure::system("connecting"))?;
            streams.push(stream);
        }
        Ok(streams)
    }

    async fn handshake(self) -> Result<TlsStream<TcpStream>, Failure> {
        let stream = TcpStream::connect(&self.address)
            .await
            .map_err(Failure::system("connecting"))?;
        let name = ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into());
        self.tls
            .connect(name, stream)
            .await
            .map_err(Failure::system("a handshake"))
    }

    /// Connections after the handshake.
    async fn established(&self, count: usize) -> Result<Vec<TlsStream<TcpStream>>, Failure> {
        let mut streams = Vec::with_capacity(count);
        let mut under_way = JoinSet::new();
        let mut begun = 0;
        while streams.len() < count {
            while begun < count && under_way.len() < AT_A_TIME {
                under_way.spawn(self.clone().handshake());
                begun += 1;
            }
            match under_way.join_next().await {
                Some(Ok(stream)) => streams.push(stream?),
                Some(Err(error)) => return Err(Failure::told(&error)),
                None => return Err(Failure::told("no connection is under way")),
            }
        }
        Ok(streams)
    }

    /// Sends heads and bodies that are too large, one after the other, until it is stopped; fails
    /// if one is taken.
    async fn too_much(self) -> Result<usize, Failure> {
        let long_head = format!(
            "GET /v1/sendings/sent HTTP/1.1\r\nhost: x\r\nlong: {}\r\n\r\n",
            "x".repeat(64 * 1024)
        );
        let many_headers = format!(
            "GET /v1/sendings/sent HTTP/1.1\r\nhost: x\r\n{}\r\n",
            "a: b\r\n".repeat(1000)
        );
        let long_body = format!(
            "POST /v1/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: 10000000\r\n\r\n{}",
            " ".repeat(200_000)
        );
        loop {
            for request in [&long_head, &many_headers, &long_body] {
                let mut stream = self.clone().handshake().await?;
                // It may be refused before all of it is written.
                let _ = stream.write_all(request.as_bytes()).await;
                let mut answer = [0; 12];
                let answered = stream.read_exact(&mut answer).await.is_ok();
                if answered && !matches!(&answer[9..], b"431" | b"413") {
                    let status = String::from_utf8_lossy(&answer);
                    return Err(Failure::told(&format!("too much was answered: {status}")));
                }
                self.refused
                    .fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        }
    }
}

/// Sends a head a byte at a time, as long as it goes.
async fn send_slowly(mut stream: TlsStream<TcpStream>) {
    let _ = stream
        .write_all(b"GET /v1/sendings/sent HTTP/1.1\r\nhost: x\r\nslow: ")
        .await;
    while stream.write_all(b"x").await.is_ok() && stream.flush().await.is_ok() {
        tokio::time::sleep(SLOW).await;
    }
}

/// Lets this process, and the platform it starts, hold so many connections.
#[cfg(unix)]
fn allow_file_handles(count: usize) -> Result<(), Failure> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if limit.maximum.is_some_and(|most| most < count as u64) {
        return Err(Failure::told(&format!(
            "{count} file handles are needed; allow them with `ulimit -n`"
        )));
    }
    setrlimit(Resource::Nofile, limit)
        .map_err(|error| Failure::system("file handles")(error.into()))
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
const fn allow_file_handles(_: usize) -> Result<(), Failure> {
    Ok(())
}
