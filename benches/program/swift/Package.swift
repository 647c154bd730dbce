// swift-tools-version: 6.0
import PackageDescription

// `make package-swift` leaves the package in target/package/M365Kit.
let package = Package(
    name: "Bench",
    platforms: [.macOS(.v13)],
    dependencies: [.package(path: "../../../target/package/M365Kit")],
    targets: [.executableTarget(name: "Bench", dependencies: ["M365Kit"])]
)
