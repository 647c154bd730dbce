// swift-tools-version: 6.0
import PackageDescription

// `make package` leaves the package in target/package/M365Kit. On Linux its library is named when building:
//   swift run -Xlinker -L../../target/package/M365Kit/lib/linux-x86_64 PullADay
let package = Package(
    name: "Examples",
    platforms: [.macOS(.v13)],
    dependencies: [.package(path: "../../target/package/M365Kit")],
    targets: [
        .target(name: "Tenant", dependencies: ["M365Kit"]),
        .executableTarget(name: "PullADay", dependencies: ["M365Kit", "Tenant"]),
        .executableTarget(name: "FailedSignIns", dependencies: ["M365Kit", "Tenant"]),
        .executableTarget(name: "Subscriptions", dependencies: ["M365Kit", "Tenant"]),
        .executableTarget(name: "Follow", dependencies: ["M365Kit", "Tenant"]),
        .executableTarget(name: "Parquet", dependencies: ["M365Kit", "Tenant"]),
        .executableTarget(name: "Watch", dependencies: ["M365Kit", "Tenant"]),
        .executableTarget(name: "Search", dependencies: ["M365Kit", "Tenant"]),
        .executableTarget(name: "Diagnose", dependencies: ["M365Kit", "Tenant"]),
        .executableTarget(name: "OpenIssues", dependencies: ["M365Kit", "Tenant"]),
    ]
)
