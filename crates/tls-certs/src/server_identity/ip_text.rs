//! IP addresses in the one spelling in which they are compared.

use std::net::{IpAddr, Ipv6Addr};

/// The canonical text (Spec T-IDN-15); `None` if it is no address. A zone is left out.
pub(super) fn canonical_ip(text: &str) -> Option<String> {
    let address = match text.split_once('%') {
        Some((address, zone)) if !zone.is_empty() && address.contains(':') => address,
        Some(_) => return None,
        None => text,
    };
    match address.parse().ok()? {
        IpAddr::V4(address) => Some(address.to_string()),
        IpAddr::V6(address) => Some(v6_text(address)),
    }
}

/// `inet_ntop` also writes addresses of the form ::a.b.c.d with dots.
fn v6_text(address: Ipv6Addr) -> String {
    let segments = address.segments();
    let [.., high, low] = segments;
    let is_compatible = segments[..6].iter().all(|&segment| segment == 0);
    match is_compatible && (high != 0 || low > 1) {
        true => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            format!("::{a}.{b}.{c}.{d}")
        }
        false => address.to_string(),
    }
}
