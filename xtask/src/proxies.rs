//! `cargo xtask proxies`: real servers behind haproxy and nginx, configured as the README says.
//!
//! Contract: what is missing is installed from Debian's packages if we may, or named.

use crate::command::Arguments;
use crate::{Failure, process, toolchain, workspace};

const NGINX_STREAM: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";

pub(crate) fn run(_: &Arguments<'_>) -> Result<(), Failure> {
    toolchain::require_program_by("haproxy", "-v", "haproxy")?;
    toolchain::require_program_by("nginx", "-v", "nginx")?;
    if !std::path::Path::new(NGINX_STREAM).exists() {
        toolchain::install_packages(&["libnginx-mod-stream"])?;
    }
    process::pass_through(&mut workspace::tests("real_proxies"))
}
