// Lets the crate link as a Node addon.
fn main() {
    napi_build::setup();
}
