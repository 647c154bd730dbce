// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "M365Kit",
    platforms: [.macOS(.v13), .iOS(.v16), .tvOS(.v16), .watchOS(.v9), .visionOS(.v1)],
    products: [
        .library(name: "M365Kit", targets: ["M365Kit"])
    ],
    targets: [
        // The native library's header. Its search path is given on the command line (-Xlinker -L…): flags in here would
        // keep SwiftPM from taking the package as a dependency.
        .systemLibrary(name: "M365KitNativeFFI", path: "Sources/FFI"),
        // Written by the generator of the native crate. Its callbacks break the optimizer of Swift 6.0 in language mode 6.
        .target(
            name: "M365KitNative",
            dependencies: ["M365KitNativeFFI"],
            swiftSettings: [.swiftLanguageMode(.v5)]
        ),
        .target(name: "M365Kit", dependencies: ["M365KitNative"]),
        .testTarget(name: "M365KitTests", dependencies: ["M365Kit"]),
    ]
)
