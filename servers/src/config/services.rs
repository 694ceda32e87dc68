//! Variables that Kubernetes makes: one set for every service of a namespace.
//!
//! Contract: a service that is called `tinyrealm-main` sets `TINYREALM_MAIN_SERVICE_HOST`, `TINYREALM_MAIN_PORT=tcp://…` and
//! more, which are no keys of ours, and nothing that somebody meant as one is taken for these.

const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// Whether this variable is one of those, by its name and what is in it.
pub(super) fn is_of_a_service(name: &str, value: &str) -> bool {
    let is_address = PROTOCOLS.iter().any(|protocol| {
        value
            .strip_prefix(&protocol.to_ascii_lowercase())
            .is_some_and(|rest| rest.starts_with("://"))
    });
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || is_address && name.ends_with("_PORT")
        || is_of_a_port(name)
}

/// `…_PORT_7000_TCP`, and `_PROTO`, `_PORT` or `_ADDR` behind that.
fn is_of_a_port(name: &str) -> bool {
    name.match_indices("_PORT_").any(|(at, mark)| {
        let mut words = name[at + mark.len()..].split('_');
        let is_port = words.next().is_some_and(|port| port.parse::<u16>().is_ok());
        let has_protocol = words.next().is_some_and(|word| PROTOCOLS.contains(&word));
        let last = words.next();
        let is_known = last.is_none_or(|word| ["PROTO", "PORT", "ADDR"].contains(&word));
        is_port && has_protocol && is_known && words.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the kubelet sets them for a service `tinyrealm-main` with the ports 7000 and, by name, 7081.
    #[test]
    fn a_service_s_variables_are_known() {
        for (name, value) in [
            ("TINYREALM_MAIN_SERVICE_HOST", "10.96.0.7"),
            ("TINYREALM_MAIN_SERVICE_PORT", "7000"),
            ("TINYREALM_MAIN_SERVICE_PORT_ADMIN", "7081"),
            ("TINYREALM_MAIN_PORT", "tcp://10.96.0.7:7000"),
            ("TINYREALM_MAIN_PORT_7000_TCP", "tcp://10.96.0.7:7000"),
            ("TINYREALM_MAIN_PORT_7000_TCP_PROTO", "tcp"),
            ("TINYREALM_MAIN_PORT_7000_TCP_PORT", "7000"),
            ("TINYREALM_MAIN_PORT_7000_TCP_ADDR", "10.96.0.7"),
            ("TINYREALM_MAIN_PORT", "udp://10.96.0.7:7000"),
        ] {
            assert!(is_of_a_service(name, value), "{name}={value}");
        }
    }

    #[test]
    fn nobody_s_own_are_taken_for_them() {
        for (name, value) in [
            ("TINYREALM_MAIN_PORT", "7000"),
            ("TINYREALM_MAIN_PORT", "tcp:7000"),
            ("TINYREALM_MAIN_PORTS", "tcp://10.96.0.7:7000"),
            ("TINYREALM_MAIN_PORT_X_TCP", "7000"),
            ("TINYREALM_MAIN_PORT_7000", "7000"),
            ("TINYREALM_MAIN_PORT_7000_TCP_MORE", "7000"),
            ("TINYREALM_HTTP_SERVICE", "off"),
        ] {
            assert!(!is_of_a_service(name, value), "{name}={value}");
        }
    }
}
