//! What is a host, and what is reached by naming it.

use super::*;

fn hosts(given: &[&str]) -> Hosts {
    Hosts(given.iter().map(|host| host.parse().unwrap()).collect())
}

fn verdict(hosts: &Hosts, wanted: &str) -> Verdict {
    Wanted::parse(wanted, None).map_or(Verdict::Refused, |wanted| hosts.judge(&wanted))
}

#[test]
fn a_host_is_read_as_it_is_written_and_told_as_it_was_read() {
    for (given, told) in [
        ("API.example.ORG.", "api.example.org"),
        (" *.example.org:443 ", "*.example.org:443"),
        ("10.0.0.7:8080", "10.0.0.7:8080"),
        ("::1", "[::1]"),
        ("fd00::7:a", "[fd00::7:a]"),
        ("[::1]:80", "[::1]:80"),
        ("localhost:3000", "localhost:3000"),
        ("my_host-1", "my_host-1"),
    ] {
        assert_eq!(given.parse::<Host>().map(|host| host.to_string()), Ok(told.to_owned()), "{given}");
    }
}

#[test]
fn what_is_no_host_is_told_with_what_would_be_one() {
    use ParseHostError::{Brackets, Everything, NotAscii, Port, Shape};
    for (given, error) in [
        ("https://example.org", Shape),
        ("example.org/path", Shape),
        ("", Shape),
        ("*", Everything),
        ("*:443", Everything),
        ("*.10.0.0.1", Shape),
        ("a.*.org", Shape),
        ("127.1", Shape),
        ("2130706433", Shape),
        ("0x7f.0.0.0x1", Shape),
        ("exa mple.org", Shape),
        ("user@example.org", Shape),
        ("bücher.example", NotAscii),
        ("example.org:0", Port),
        ("example.org:99999", Port),
        ("example.org:https", Port),
        ("[::1", Shape),
        ("::1:8080", Brackets),
        ("fd00::7:443", Brackets),
    ] {
        assert_eq!(given.parse::<Host>(), Err(error), "{given}");
    }
}

#[test]
fn a_name_reaches_what_it_names_at_its_ports_and_nothing_else() {
    let hosts = hosts(&["api.example.org", "*.example.net:8443"]);
    let look_up = |name: &str| Verdict::LookUp(name.to_owned());

    assert_eq!(verdict(&hosts, "api.example.org:443"), look_up("api.example.org"));
    assert_eq!(verdict(&hosts, "API.Example.org.:80"), look_up("api.example.org"));
    assert_eq!(verdict(&hosts, "a.b.example.net:8443"), look_up("a.b.example.net"));
    for refused in [
        "api.example.org:22",
        "www.api.example.org:443",
        "evil-api.example.org:443",
        "api.example.org.evil.test:443",
        "example.net:8443",
        "evilexample.net:8443",
        ".example.net:8443",
        "a.example.net:443",
        "*.example.net:8443",
        "127.0.0.1:443",
        "api.example.org",
        "api.example.org@evil.test:443",
    ] {
        assert_eq!(verdict(&hosts, refused), Verdict::Refused, "{refused}");
    }
}

#[test]
fn an_address_is_reached_where_it_is_named_itself() {
    let hosts = hosts(&["10.0.0.7:8080", "localhost:3000", "[2001:db8::1]"]);
    let reach = |address: &str| Verdict::Reach(vec![address.parse().unwrap()]);

    assert_eq!(verdict(&hosts, "10.0.0.7:8080"), reach("10.0.0.7:8080"));
    assert_eq!(verdict(&hosts, "[::ffff:10.0.0.7]:8080"), reach("[::ffff:10.0.0.7]:8080"));
    assert_eq!(verdict(&hosts, "127.0.0.1:3000"), reach("127.0.0.1:3000"));
    assert_eq!(verdict(&hosts, "[2001:db8::1]:443"), reach("[2001:db8::1]:443"));
    assert_eq!(verdict(&hosts, "localhost:3000"), Verdict::Reach(vec!["127.0.0.1:3000".parse().unwrap(), "[::1]:3000".parse().unwrap()]));
    for refused in ["10.0.0.7:80", "10.0.0.8:8080", "localhost:3001", "127.0.0.2:3000", "169.254.169.254:80"] {
        assert_eq!(verdict(&hosts, refused), Verdict::Refused, "{refused}");
    }
    assert_eq!(hosts.of_this_machine(), ["127.0.0.1:3000", "[::1]:3000"].map(|address| address.parse().unwrap()));
}

#[test]
fn a_name_leads_nowhere_that_only_this_machine_reaches_unless_that_is_named() {
    let hosts = hosts(&["gitlab.example", "10.1.2.3:443"]);
    let leads = |address: &str| hosts.may_lead_to(address.parse().unwrap(), 443);

    for reached in
        ["1.1.1.1", "100.128.0.1", "172.32.0.1", "192.0.1.1", "2606:4700::1111", "64:ff9b::101:101", "10.1.2.3", "::ffff:1.1.1.1"]
    {
        assert!(leads(reached), "{reached}");
    }
    for shut in [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.4",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:53aa::1",
        "2001:db8::1",
    ] {
        assert!(!leads(shut), "{shut}");
    }
    assert!(!hosts.may_lead_to("10.1.2.3".parse().unwrap(), 22), "at its port alone");
}
