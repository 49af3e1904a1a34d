//! Runs one binary of benches under callgrind, as gungraun asks for it. `ci/count.sh` builds it; nobody else calls it.

use gungraun_runner::runner::run;

fn main() -> anyhow::Result<()> {
    run::run()
}
