import Doorstep
import Foundation

/// Keys in files, used through the program `openssl`: for the scenarios and tests on Linux. They stand for the key
/// store of a device: unlike there, a program can copy these.
public final class OpenSSLKeys: DoorstepKeyStore {
    private let folder: URL

    public init(folder: URL) {
        self.folder = folder
    }

    /// Tells whether this computer has the program.
    public static var areAvailable: Bool {
        (try? run(["version"])) != nil
    }

    public func create(_ name: String) async throws -> any DoorstepDeviceKey {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let key = try OpenSSLKeys.run(["ecparam", "-name", "prime256v1", "-genkey", "-noout"])
        try key.write(to: file(name), options: .atomic)
        return try OpenSSLKey(file: file(name))
    }

    public func get(_ name: String) async throws -> (any DoorstepDeviceKey)? {
        guard FileManager.default.fileExists(atPath: file(name).path) else { return nil }
        return try OpenSSLKey(file: file(name))
    }

    public func delete(_ name: String) async throws {
        try? FileManager.default.removeItem(at: file(name))
    }

    /// Names of keys are base64url.
    private func file(_ name: String) -> URL {
        folder.appendingPathComponent("\(name).pem")
    }

    /// Returns what the program writes.
    public static func run(_ parameters: [String], input: Data = Data()) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + parameters
        let (source, result) = (Pipe(), Pipe())
        process.standardInput = source
        process.standardOutput = result
        process.standardError = FileHandle.nullDevice
        try process.run()
        try source.fileHandleForWriting.write(contentsOf: input)
        try source.fileHandleForWriting.close()
        let output = try result.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw OpenSSLError(parameters: parameters) }
        return output
    }
}

public struct OpenSSLError: Error {
    let parameters: [String]
}

private struct OpenSSLKey: DoorstepDeviceKey {
    let publicKey: Doorstep.PublicKey
    private let file: URL

    init(file: URL) throws {
        self.file = file
        let encoded = try OpenSSLKeys.run(["ec", "-in", file.path, "-pubout", "-outform", "DER"])
        publicKey = Doorstep.PublicKey(x: encoded.suffix(64).prefix(32), y: encoded.suffix(32))
    }

    func sign(_ data: Data) async throws -> Data {
        raw(try OpenSSLKeys.run(["dgst", "-sha256", "-sign", file.path], input: data))
    }

    /// `r` and `s` with 32 bytes each, from a DER sequence of two integers.
    private func raw(_ signature: Data) -> Data {
        let bytes = [UInt8](signature)
        let first = Int(bytes[3])
        let numbers = [bytes[4..<(4 + first)], bytes[(6 + first)...]]
        return Data(numbers.flatMap { number in
            let digits = number.drop { $0 == 0 }
            return [UInt8](repeating: 0, count: 32 - digits.count) + digits
        })
    }
}
