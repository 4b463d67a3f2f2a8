// swift-tools-version:5.9
import PackageDescription

let package = Package(
    name: "Doorstep",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Doorstep", targets: ["Doorstep"])],
    targets: [
        .target(name: "Doorstep"),
        .executableTarget(name: "doorstep-driver", dependencies: ["Doorstep"]),
        .executableTarget(name: "doorstep-example", dependencies: ["Doorstep"]),
        .testTarget(name: "DoorstepTests", dependencies: ["Doorstep"]),
    ]
)
