//! What is answered to whom, without a socket.

use super::*;
use crate::config::HttpSettings;
use crate::config::net::NetSettings;
use crate::http::figures::{Wanted, WorldFigures};
use crate::main_server::report::{MainReport, RegisteredWorld};
use crate::report::Shared;
use crate::world_server::node::WorldReport;

fn site() -> Arc<Site> {
    let directory = Directory {
        main: SocketAddr::from(([0, 0, 0, 0], 7_000)),
        login: None,
        region: "home".to_owned(),
    };
    let world = WorldFigures { id: 3, report: Shared::default() };
    let figures = Figures {
        main: Some(Shared::default()),
        chat: Some(Shared::default()),
        worlds: vec![world],
        wanted: Wanted { login: false, chat: true },
        ..Figures::new()
    };
    let page = Page::new("", &[]).unwrap();
    Arc::new(Site { page, directory, figures, visitors: None })
}

fn page(site: &Arc<Site>) -> Entrance {
    Entrance::Page(Arc::clone(site))
}

fn admin(site: &Site, token: Option<Token>) -> Entrance {
    let (figures, shutdown) = (site.figures.clone(), CancellationToken::new());
    let api = Api::new(figures.clone(), Vec::new(), Audit::within(None), shutdown);
    Entrance::Admin(Arc::new(Operator { figures, token, api }))
}

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

fn door(trusted: &[&str]) -> Door {
    let trusted_proxies = trusted.iter().map(|text| (*text).to_owned()).collect();
    let hosts = vec!["here".to_owned()];
    let net = NetSettings { hosts, trusted_proxies, ..NetSettings::default() };
    Door::new(&HttpSettings::default(), &net)
}

/// The status, and the first piece of what comes.
fn answer_to(entrance: &Entrance, door: &Door, request: &Request<Full<Bytes>>) -> (u16, String) {
    let runtime = tinyrealm_std::runtime::current_thread().unwrap();
    runtime.block_on(async {
        use http_body_util::BodyExt;
        let mut answer = answer(entrance, door, PEER, request.clone()).await;
        let status = answer.status().as_u16();
        let piece = answer.frame().await.map(|frame| frame.unwrap().into_data().unwrap());
        (status, String::from_utf8(piece.unwrap_or_default().to_vec()).unwrap())
    })
}

fn request(method: Method, path: &str, fields: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(path);
    let add = |request: hyper::http::request::Builder, (name, value): &(&str, &str)| {
        request.header(*name, *value)
    };
    fields.iter().fold(request, add).body(Full::default()).unwrap()
}

fn ask(site: &Arc<Site>, method: Method, path: &str, origin: Option<&str>) -> (u16, String) {
    let mut fields = vec![("host", "here:7080")];
    fields.extend(origin.map(|origin| ("origin", origin)));
    answer_to(&page(site), &door(&[]), &request(method, path, &fields))
}

/// What the operator is told.
fn tell(site: &Arc<Site>, path: &str) -> (u16, String) {
    let asked = request(Method::GET, path, &[("host", "127.0.0.1:7081")]);
    answer_to(&admin(site, None), &door(&[]), &asked)
}

/// Each listener has its own; nothing of the operator's is at everybody's.
#[test]
fn the_operator_has_an_entrance_of_its_own() {
    let site = site();
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(ask(&site, Method::GET, path, None).0, 404, "{path}");
        assert_ne!(tell(&site, path).0, 404, "{path}");
    }
    for path in ["/stats", "/realm", "/visitor", "/page.js"] {
        assert_eq!(tell(&site, path).0, 404, "{path}");
    }
}

/// A node whose thread takes nothing from its desk.
#[test]
fn whoever_asks_a_node_that_hangs_is_told_so_in_two_seconds() {
    let site = site();
    let since = Instant::now();
    let (status, text) = tell(&site, "/api/users");
    assert!(status == 504 && text.contains("has not answered"), "{status} {text}");
    assert!((2..5).contains(&since.elapsed().as_secs()), "{:?}", since.elapsed());
    drop(site.figures.main.as_ref().unwrap().desk().counter());
    assert_eq!(tell(&site, "/api/users").0, 503, "it has ended");
}

/// A stranger's name that leads here (DNS rebinding) gets nothing, at neither entrance.
#[test]
fn only_own_names_are_answered() {
    let site = site();
    for (host, status) in [
        ("here", 200),
        ("HERE:7080", 200),
        ("localhost:7080", 200),
        ("127.0.0.1:7080", 200),
        ("[::1]:7080", 200),
        ("192.0.2.1", 200),
        ("evil.example:7080", 421),
        ("here.evil.example", 421),
        ("localhost.evil.example", 421),
        ("", 421),
    ] {
        let asked = request(Method::GET, "/", &[("host", host)]);
        assert_eq!(answer_to(&page(&site), &door(&[]), &asked).0, status, "{host}");
        let asked = request(Method::GET, "/metrics", &[("host", host)]);
        assert_eq!(answer_to(&admin(&site, None), &door(&[]), &asked).0, status, "{host}");
    }
    let nameless = request(Method::GET, "/", &[]);
    assert_eq!(answer_to(&page(&site), &door(&[]), &nameless).0, 421);
}

/// Nobody is told an address that is everybody's.
#[test]
fn what_listens_everywhere_is_where_the_page_was_found() {
    let site = site();
    for (host, main) in
        [("here:7080", "here:7000"), ("192.0.2.1", "192.0.2.1:7000"), ("[::1]:7080", "[::1]:7000")]
    {
        let asked = request(Method::GET, "/realm", &[("host", host)]);
        let (_, text) = answer_to(&page(&site), &door(&[]), &asked);
        assert!(text.contains(&format!("\"main\":\"{main}\"")), "{text}");
    }
}

/// Streams of figures are shared by address, and the address is the client's behind a proxy.
#[test]
fn who_watches_is_counted() {
    let entrance = page(&site());
    let most = HttpSettings::default().connections_per_address / 2;
    let runtime = tinyrealm_std::runtime::current_thread().unwrap();
    for (trusted, others) in [(&[][..], 429), (&["192.0.2.7"][..], 200)] {
        let door = door(trusted);
        let watch = |client: &str| {
            let fields = [("host", "here"), ("x-forwarded-for", client)];
            runtime.block_on(answer(
                &entrance,
                &door,
                PEER,
                request(Method::GET, "/stats", &fields),
            ))
        };
        let held: Vec<_> = (0..most).map(|_| watch("203.0.113.9")).collect();
        assert!(held.iter().all(|answer| answer.status() == 200));
        let refused = watch("203.0.113.9");
        assert_eq!(
            (refused.status().as_u16(), refused.headers().contains_key("retry-after")),
            (429, true)
        );
        assert_eq!(watch("203.0.113.10").status(), others);
        drop(held);
        assert_eq!(watch("203.0.113.9").status(), 200);
    }
}

#[test]
fn proxies_that_contradict_themselves_are_told() {
    let fields = [("host", "here"), ("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=2.2.2.2")];
    let asked = request(Method::GET, "/", &fields);
    assert_eq!(answer_to(&page(&site()), &door(&["192.0.2.7"]), &asked).0, 400);
    assert_eq!(answer_to(&page(&site()), &door(&[]), &asked).0, 200);
}

#[test]
fn a_process_is_ready_when_nothing_is_missing() {
    let site = site();
    assert_eq!(tell(&site, "/healthz"), (200, "ok\n".to_owned()));
    let (status, text) = tell(&site, "/readyz");
    assert_eq!((status, text.lines().count()), (503, 2));
    assert!(text.contains("world 3 is not registered") && text.contains("no chat server"));
    let mut main = MainReport::default();
    main.chat.is_live = true;
    site.figures.main.as_ref().unwrap().publish(main);
    site.figures.worlds[0].report.publish(WorldReport { registered: true, ..Default::default() });
    assert_eq!(tell(&site, "/readyz"), (200, "ok\n".to_owned()));
}

/// A thread that does not turn publishes nothing.
#[test]
fn who_hangs_is_not_healthy_and_not_ready() {
    let site = site();
    let world = &site.figures.worlds[0].report;
    world.age(Duration::from_millis(1_500));
    assert_eq!(tell(&site, "/healthz").0, 200);
    world.age(Duration::from_millis(501));
    assert_eq!(tell(&site, "/healthz"), (503, "world 3 hangs\n".to_owned()));
    assert!(tell(&site, "/readyz").1.starts_with("world 3 hangs\n"));
    world.publish(WorldReport::default());
    assert_eq!(tell(&site, "/healthz").0, 200);
}

/// Machines ask for health without one; all else is the operator's.
#[test]
fn a_token_is_wanted_for_everything_but_health() {
    let site = site();
    let token = "0123456789abcdef";
    let tell = |path: &str, field: Option<&str>| {
        let mut fields = vec![("host", "127.0.0.1")];
        fields.extend(field.map(|field| ("authorization", field)));
        let entrance = admin(&site, Some(Token::of(token).unwrap()));
        answer_to(&entrance, &door(&[]), &request(Method::GET, path, &fields)).0
    };
    assert_eq!((tell("/healthz", None), tell("/readyz", None)), (200, 503));
    let right = format!("Bearer {token}");
    for (field, status) in [
        (None, 401),
        (Some(""), 401),
        (Some(token), 401),
        (Some("Bearer"), 401),
        (Some("Bearer 0123456789abcdeF"), 401),
        (Some("Bearer 0123456789abcde"), 401),
        (Some("Basic 0123456789abcdef"), 401),
        (Some(&right), 200),
        (Some("bearer 0123456789abcdef"), 200),
    ] {
        assert_eq!(tell("/metrics", field), status, "{field:?}");
    }
    assert_eq!((tell("/nothing", None), tell("/nothing", Some(&right))), (401, 404));
}

#[test]
fn metrics_are_the_reports() {
    let site = site();
    let report = WorldReport { users: 7, deliveries: 12_345, ..Default::default() };
    site.figures.worlds[0].report.publish(report);
    let (status, text) = tell(&site, "/metrics");
    assert_eq!(status, 200);
    assert!(text.contains("# TYPE tinyrealm_world_deliveries counter\n"));
    assert!(text.contains("tinyrealm_world_deliveries_total{server=\"world 3\"} 12345\n"));
    assert!(text.contains("tinyrealm_world_users{server=\"world 3\"} 7\n"));
    assert!(text.ends_with("# EOF\n"));
    // A family is described once, whatever the number of servers.
    assert_eq!(text.matches("# TYPE tinyrealm_sessions gauge").count(), 1);
}

#[test]
fn only_the_own_page_makes_visitors() {
    let site = site();
    for (origin, status) in [
        (None, 404),
        (Some("http://here:7080"), 404),
        (Some("http://elsewhere:7080"), 403),
        (Some("http://here:7081"), 403),
        (Some("null"), 403),
    ] {
        assert_eq!(ask(&site, Method::POST, "/visitor", origin).0, status, "{origin:?}");
    }
    assert_eq!(ask(&site, Method::GET, "/visitor", None).0, 405);
}

#[test]
fn what_is_not_there_is_not_found_and_nothing_else_is_changed() {
    let site = site();
    assert_eq!(ask(&site, Method::GET, "/", None).0, 200);
    assert_eq!(ask(&site, Method::HEAD, "/page.js", None).0, 200);
    assert_eq!(ask(&site, Method::POST, "/", None).0, 405);
    assert_eq!(ask(&site, Method::GET, "/nothing", None).0, 404);
    assert!(ask(&site, Method::GET, "/realm", None).1.contains("\"login\":null"));
    assert!(ask(&site, Method::GET, "/stats", None).1.contains("\"deliveries\":0"));
}

/// The page shows every world that Main knows, not those of this process alone.
#[test]
fn worlds_are_those_that_main_knows() {
    let site = site();
    assert!(ask(&site, Method::GET, "/stats", None).1.contains("\"worlds\":[]"));
    let registry = vec![RegisteredWorld { users: 3, rooms: 2, ..Default::default() }];
    site.figures.main.as_ref().unwrap().publish(MainReport { registry, ..Default::default() });
    let expected = "\"worlds\":[{\"id\":0,\"region\":\"\",\"address\":\"\",\"capacity\":0,\
                    \"users\":3,\"rooms\":2,\"state\":\"\",\"moves\":false}]";
    let (_, stats) = ask(&site, Method::GET, "/stats", None);
    assert!(
        stats.contains(expected) && stats.contains("\"users\":3,\"rooms\":2,\"packets\""),
        "{stats}"
    );
}

#[test]
fn whatever_the_page_imports_is_there_with_the_type_that_a_browser_asks_for() {
    let page = Page::new("", &[]).unwrap();
    let mut paths = vec!["/page.js".to_owned()];
    let mut next = 0;
    while let Some(path) = paths.get(next).cloned() {
        let file = page.file(&path).unwrap().unwrap_or_else(|| panic!("{path} is missing"));
        assert!(file.content_type.starts_with("text/javascript"));
        let text = std::str::from_utf8(&file.content).unwrap();
        for (at, from) in text.match_indices("from \"./") {
            let name = text[at + from.len()..].split('"').next().unwrap();
            let imported = format!("/{name}");
            if !paths.contains(&imported) {
                paths.push(imported);
            }
        }
        next += 1;
    }
    assert!(paths.contains(&"/module.js".to_owned()), "{paths:?}");
    let module = page.file("/tinyrealm.wasm").unwrap().unwrap();
    assert_eq!((module.content_type, &module.content[..4]), ("application/wasm", &b"\0asm"[..]));
    let index = page.file("/").unwrap().unwrap();
    assert!(index.policy.unwrap().contains("'wasm-unsafe-eval'"));
}
