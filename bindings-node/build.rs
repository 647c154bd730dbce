//! Tells the linker that Node itself provides the symbols of Node-API.

fn main() {
    napi_build::setup();
}
