//! A line between an office and the platform: a relay on this machine through which every byte
//! takes as long as over a distance.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes, and when they arrive.
type Underway = (Instant, Vec<u8>);

/// Opens a line to `platform`, on which there and back takes `round_trip`; gives the address of its
/// near end. It is there as long as the program.
pub(crate) fn open(platform: SocketAddr, round_trip: Duration) -> io::Result<SocketAddr> {
    let near = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = near.local_addr()?;
    let one_way = round_trip / 2;
    thread::spawn(move || {
        for office in near.incoming() {
            // An office whose connection fails tries again by itself.
            let _ = office.and_then(|office| connect(office, platform, one_way));
        }
    });
    Ok(address)
}

fn connect(office: TcpStream, platform: SocketAddr, one_way: Duration) -> io::Result<()> {
    let platform = TcpStream::connect(platform)?;
    office.set_nodelay(true)?;
    platform.set_nodelay(true)?;
    direction(office.try_clone()?, platform.try_clone()?, one_way);
    direction(platform, office, one_way);
    Ok(())
}

/// Carries what comes from one end to the other. An end that breaks off ends the direction.
fn direction(from: TcpStream, to: TcpStream, one_way: Duration) {
    let (sender, receiver) = channel();
    thread::spawn(move || take(from, one_way, &sender));
    thread::spawn(move || give(to, &receiver));
}

fn take(mut from: TcpStream, one_way: Duration, line: &Sender<Underway>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let bytes = buffer.get(..read).unwrap_or_default().to_vec();
        if line.send((Instant::now() + one_way, bytes)).is_err() {
            break;
        }
    }
}

fn give(mut to: TcpStream, line: &Receiver<Underway>) {
    while let Ok((due, bytes)) = line.recv() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    // The other end may have gone already.
    let _ = to.shutdown(Shutdown::Write);
}
