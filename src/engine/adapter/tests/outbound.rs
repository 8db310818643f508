// SPDX-License-Identifier: Apache-2.0 OR MIT

use arcella_engine::outbound::OutboundHooks;

fn hooks(allowed: &[&str]) -> OutboundHooks {
    let allowed: Vec<String> = allowed.iter().map(|s| (*s).to_owned()).collect();
    OutboundHooks::new(&allowed).unwrap()
}

#[test]
fn nothing_is_allowed_by_default() {
    assert!(!hooks(&[]).allows(&"https://example.com/".parse().unwrap()));
}

#[test]
fn scheme_host_and_port_must_match() {
    let hooks = hooks(&["https://api.example.com", "http://localhost:8080"]);
    let allows = |text: &str| hooks.allows(&text.parse().unwrap());
    assert!(allows("https://api.example.com/v1?q"));
    assert!(allows("https://API.example.com:443/"));
    assert!(allows("http://localhost:8080/"));
    assert!(!allows("http://api.example.com/"));
    assert!(!allows("https://api.example.com:444/"));
    assert!(!allows("https://api.example.com.evil.test/"));
    assert!(!allows("http://localhost/"));
}

#[test]
fn a_path_is_no_origin() {
    assert!(OutboundHooks::new(&["https://example.com/x".to_owned()]).is_err());
    assert!(OutboundHooks::new(&["example.com".to_owned()]).is_err());
}
