//! `Secret`: the realm's secret as a file, the keys that come of it, and what servers are configured with.

use super::{Finished, PATIENCE, Process, ScratchFile, Stream};

/// Runs the binary with no secret but what it is told of.
#[track_caller]
pub(crate) fn command(arguments: &[&str]) -> Finished {
    Process::start_without_secret(arguments, &[]).finish(PATIENCE)
}

/// A secret that `tinyrealm secret new` has made.
pub(crate) struct Secret {
    file: ScratchFile,
    name: String,
}

impl Secret {
    #[track_caller]
    pub(crate) fn new(name: &str) -> Self {
        let file = ScratchFile::new(name);
        command(&["secret", "new", file.path()]).expect_code(0);
        Self { file, name: name.to_owned() }
    }

    pub(crate) fn path(&self) -> &str {
        self.file.path()
    }

    /// `cluster.secret_file=…`
    pub(crate) fn setting(&self) -> String {
        format!("cluster.secret_file={}", self.path())
    }

    /// What `tinyrealm key` prints of it for one server, in a file.
    #[track_caller]
    pub(crate) fn key(&self, of: &[&str]) -> ScratchFile {
        let setting = self.setting();
        let arguments = [&["key"][..], of, &["--set", &setting]].concat();
        let finished = command(&arguments);
        finished.expect_code(0);
        let name = format!("{}-{}.key", self.name, of.join("-"));
        ScratchFile::with(&name, finished.lines(Stream::Stdout)[0])
    }
}

/// What a server has to prove itself with: a secret or a key, and maybe a former one.
#[derive(Copy, Clone)]
pub(crate) struct Proof<'a> {
    pub(crate) kind: ProofKind,
    pub(crate) newest: &'a str,
    pub(crate) former: Option<&'a str>,
}

#[derive(Copy, Clone, PartialEq, Eq)]
pub(crate) enum ProofKind {
    /// The realm's secret.
    Secret,
    /// The server's own key alone.
    Key,
}

impl Proof<'_> {
    /// What it is configured with.
    pub(crate) fn settings(&self) -> Vec<String> {
        let kind = match self.kind {
            ProofKind::Secret => "secret",
            ProofKind::Key => "key",
        };
        let newest = format!("cluster.{kind}_file={}", self.newest);
        let former = self.former.map(|former| format!("cluster.former_{kind}_file={former}"));
        [newest].into_iter().chain(former).collect()
    }
}
