// SPDX-License-Identifier: Apache-2.0 OR MIT

mod common;

use arcella_engine::http_server::HttpServer;
use arcella_engine::store::{Limits, Policy, Stdio};
use common::{Bench, Output, bench, bench_with, example, limits};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;

const NEVER: Duration = Duration::from_secs(30);

fn serve(bench: &Bench, limits: Limits, concurrent_max: usize) -> (HttpServer, SocketAddr) {
    serve_example("greeter", bench, limits, concurrent_max)
}

fn serve_example(
    name: &str,
    bench: &Bench,
    limits: Limits,
    concurrent_max: usize,
) -> (HttpServer, SocketAddr) {
    let linked = bench
        .link(&example(name), Policy::default(), limits)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stdio = Stdio::Sink(Arc::new(Output::default()));
    let server = HttpServer::start(&bench.engine, linked, listener, stdio, 64, concurrent_max);
    (server.unwrap(), address)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(NEVER)).unwrap();
    stream
}

/// Everything until the server closes.
fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

fn get(address: SocketAddr, path: &str) -> String {
    exchange(
        address,
        &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
    )
}

#[test]
fn a_fresh_instance_answers_every_request() {
    let bench = bench();
    let (server, address) = serve(&bench, limits(), 8);
    for n in 0..20 {
        let reply = get(address, &format!("/path-{n}"));
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
        assert!(
            reply.contains(&format!("Hello from Arcella: GET /path-{n}\n")),
            "{reply}"
        );
    }
    let statistics = server.statistics();
    assert_eq!(
        (statistics.requests, statistics.failed, statistics.in_flight),
        (20, 0, 0)
    );
    assert_eq!(server.last_failure(), "");
}

#[test]
fn requests_share_a_connection() {
    let bench = bench();
    let (server, address) = serve(&bench, limits(), 8);
    let mut stream = connect(address);
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut seen = String::new();
    for n in 1..=5 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut buffer = [0; 4096];
        while seen.matches("Hello from Arcella").count() < n || !seen.ends_with("0\r\n\r\n") {
            let length = stream.read(&mut buffer).unwrap();
            assert_ne!(length, 0, "{seen}");
            seen.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        }
    }
    assert_eq!(server.statistics().connections, 1);
}

#[test]
fn a_request_without_a_host_is_refused() {
    let bench = bench();
    let (_server, address) = serve(&bench, limits(), 8);
    let reply = exchange(address, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(reply.starts_with("HTTP/1.1 400 "), "{reply}");
    assert!(get(address, "/").starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_guest_that_fails_is_a_500_and_a_statistic() {
    let bench = bench();
    // Below what the greeter's memory starts with: every instance is refused.
    let tiny = Limits {
        memory_bytes: 1 << 10,
        ..limits()
    };
    let (server, address) = serve(&bench, tiny, 8);
    let reply = get(address, "/");
    assert!(reply.starts_with("HTTP/1.1 500 "), "{reply}");
    assert_eq!(server.statistics().failed, 1);
    assert!(
        server.last_failure().contains("memory"),
        "{}",
        server.last_failure()
    );
}

#[test]
fn more_requests_than_allowed_wait_for_their_turn() {
    let bench = bench();
    let (server, address) = serve(&bench, limits(), 1);
    server.set_concurrent_max(3);
    server.set_concurrent_max(1);
    server.set_concurrent_max(2);
    let clients: Vec<_> = (0..8)
        .map(|_| std::thread::spawn(move || get(address, "/")))
        .collect();
    for client in clients {
        assert!(client.join().unwrap().starts_with("HTTP/1.1 200 "));
    }
    assert_eq!(server.statistics().requests, 8);
}

#[test]
fn stop_ends_idle_connections_and_tells() {
    let bench = bench();
    let (server, address) = serve(&bench, limits(), 8);
    let mut idle = connect(address);
    assert!(get(address, "/").starts_with("HTTP/1.1 200 "));
    let (tell, told) = mpsc::channel();
    server.stop(NEVER, move || tell.send(()).unwrap());
    told.recv_timeout(NEVER).unwrap();
    let mut rest = Vec::new();
    assert_eq!(idle.read_to_end(&mut rest).unwrap_or(0), 0);
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(server.statistics().connections, 0);
}

#[test]
fn stop_cuts_what_is_not_over_at_its_deadline() {
    let bench = bench();
    let (server, address) = serve(&bench, limits(), 8);
    let mut stuck = connect(address);
    stuck.write_all(b"GET / HTTP/1.1\r\nHost: local").unwrap();
    // Makes sure that the half request was seen: the threads serve in turn, and this goes through both.
    get(address, "/");
    get(address, "/");
    let (tell, told) = mpsc::channel();
    server.stop(Duration::from_millis(50), move || tell.send(()).unwrap());
    told.recv_timeout(NEVER).unwrap();
    assert_eq!(server.statistics().connections, 0);
}

#[test]
fn dropping_the_server_closes_everything() {
    let bench = bench();
    let (server, address) = serve(&bench, limits(), 8);
    let mut idle = connect(address);
    get(address, "/");
    drop(server);
    let mut rest = Vec::new();
    assert_eq!(idle.read_to_end(&mut rest).unwrap_or(0), 0);
}

#[test]
fn slow_heads_are_cut() {
    let bench = bench_with(arcella_engine::EngineSettings {
        http_header_timeout: Duration::from_millis(100),
        ..Default::default()
    });
    let (_server, address) = serve(&bench, limits(), 8);
    let reply = exchange(address, "GET / HTTP/1.1\r\nHost: lo");
    assert!(!reply.contains("200"), "{reply}");
}

#[test]
fn a_concurrent_engine_serves_the_same_component() {
    let bench = bench_with(arcella_engine::EngineSettings {
        concurrency: true,
        ..Default::default()
    });
    let (_server, address) = serve(&bench, limits(), 8);
    assert!(get(address, "/").contains("Hello from Arcella"));
}

#[test]
fn what_exports_no_handler_is_not_served() {
    let bench = bench();
    let linked = bench
        .link(&example("calc"), Policy::default(), limits())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stdio = Stdio::Sink(Arc::new(Output::default()));
    assert!(HttpServer::start(&bench.engine, linked, listener, stdio, 1, 1).is_err());
}

/// WASI 0.3 needs an engine with concurrency.
fn serve_p3() -> (Bench, HttpServer, SocketAddr) {
    let bench = bench_with(arcella_engine::EngineSettings {
        concurrency: true,
        ..Default::default()
    });
    let (server, address) = serve_example("greeter-p3", &bench, limits(), 8);
    (bench, server, address)
}

#[test]
fn a_wasi_0_3_handler_answers() {
    let (_bench, server, address) = serve_p3();
    for n in 0..20 {
        let reply = get(address, &format!("/path-{n}"));
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
        assert!(
            reply.contains(&format!("Hello from Arcella: GET /path-{n}\n")),
            "{reply}"
        );
    }
    let statistics = server.statistics();
    assert_eq!(
        (statistics.requests, statistics.failed, statistics.in_flight),
        (20, 0, 0)
    );
}

#[test]
fn a_wasi_0_3_handler_passes_a_body_on() {
    let (_bench, server, address) = serve_p3();
    let body = "0123456789abcdef".repeat(64 << 10); // 1 MiB: many chunks in both directions
    let mut stream = connect(address);
    let mut reader = stream.try_clone().unwrap();
    let reading = std::thread::spawn(move || {
        let mut reply = String::new();
        reader.read_to_string(&mut reply).unwrap();
        reply
    });
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let reply = reading.join().unwrap();
    let (head, received) = reply.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("content-length: 1048576"), "{head}");
    assert!(received == body, "{} bytes", received.len());
    assert_eq!(server.statistics().failed, 0);
}

#[test]
fn an_error_of_a_wasi_0_3_handler_is_an_answer() {
    let (_bench, server, address) = serve_p3();
    let reply = get(address, "/refuse");
    assert!(reply.starts_with("HTTP/1.1 50"), "{reply}");
    assert!(get(address, "/").starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(server.statistics().in_flight, 0);
}
