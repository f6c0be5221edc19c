//! The executable that Lambda's `provided.al2023` runtime starts.

fn main() -> Result<(), alertctl_relay::runtime::Error> {
    alertctl_relay::runtime::run()
}
