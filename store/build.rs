//! A migration that is added must be embedded, which the compiler would not notice by itself.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
