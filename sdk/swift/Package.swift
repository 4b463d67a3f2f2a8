// swift-tools-version:5.9
import PackageDescription

let package = Package(
    name: "Doorstep",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Doorstep", targets: ["Doorstep"])],
    targets: [
        .target(name: "Doorstep"),
        .target(name: "OpenSSLKeys", dependencies: ["Doorstep"]),
        .executableTarget(name: "doorstep-driver", dependencies: ["Doorstep", "OpenSSLKeys"]),
        .executableTarget(name: "doorstep-example", dependencies: ["Doorstep"]),
        .testTarget(name: "DoorstepTests", dependencies: ["Doorstep", "OpenSSLKeys"]),
    ]
)
