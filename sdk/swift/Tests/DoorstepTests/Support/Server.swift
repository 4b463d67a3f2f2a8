import Foundation
import XCTest

/// A real doorstep in development mode, in a folder of its own.
final class Server: @unchecked Sendable {
    /// Settings for tests with hundreds of requests.
    private static let settings = [
        "COOLDOWN_SECONDS": "1",
        "LIMIT_IP_CAPTCHAS": "100000",
        "LIMIT_IP_PHONES_HOUR": "100000",
        "LIMIT_IP_SENDS": "100000",
        "LIMIT_IP_UNVERIFIED_HOUR": "100000",
        "LIMIT_PHONE_DAY": "100",
        "LIMIT_PHONE_HOUR": "100",
        "PROOF_OF_WORK": "off",
        "SMS_BUDGET_DAY": "100000",
        "SMS_BUDGET_HOUR": "100000",
        "SMS_BUDGET_REGION_HOUR": "100000",
        "SMS_BUDGET_REGION_UNVERIFIED_HOUR": "100000",
    ]

    /// The server of all tests of this process.
    static let shared = Result { try Server() }

    let url: URL
    private let folder: URL
    private let process = Process()
    private let lock = NSLock()
    private var phones = 0

    init(_ more: [String: String] = [:]) throws {
        let port = try freePort()
        folder = try temporaryFolder()
        url = try XCTUnwrap(URL(string: "http://127.0.0.1:\(port)"))
        let own = ["BIND": "127.0.0.1:\(port)", "METRICS_BIND": "off", "PUBLIC_URLS": url.absoluteString]
        process.executableURL = Server.binary
        process.currentDirectoryURL = folder
        process.environment = Server.settings.merging(own) { $1 }.merging(more) { $1 }
        let log = folder.appendingPathComponent("server.log")
        try Data().write(to: log)
        process.standardOutput = try FileHandle(forWritingTo: log)
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        Cleaner.shared.add(process, folder)
        try waitUntilListening(log)
    }

    /// A number that no test has used yet.
    func newPhone() -> String {
        lock.lock()
        defer { lock.unlock() }
        phones += 1
        return "+86139\(10_000_000 + phones)"
    }

    /// The messages to a number.
    func messages(_ phone: String) -> [String] {
        let outbox = folder.appendingPathComponent("data/outbox.log")
        let text = (try? String(contentsOf: outbox, encoding: .utf8)) ?? ""
        return text.components(separatedBy: "\n").filter { $0.hasPrefix("SMS to \(phone):") }
    }

    /// The code of the newest message, once there are so many: some answers come before their message.
    func code(_ phone: String, message number: Int = 1) async throws -> String {
        for _ in 0..<5000 {
            let all = messages(phone)
            if all.count >= number, let digits = all.last?.range(of: "\\b[0-9]{6}\\b", options: .regularExpression) {
                return String(all[all.count - 1][digits])
            }
            try await Task.sleep(nanoseconds: 2_000_000)
        }
        throw Missing(what: "message \(number) to \(phone)")
    }

    private static var binary: URL {
        let root = URL(fileURLWithPath: #filePath).pathComponents.dropLast(6)
        let built = NSString.path(withComponents: root + ["target", "debug", "doorstep"])
        return URL(fileURLWithPath: ProcessInfo.processInfo.environment["DOORSTEP_BINARY"] ?? built)
    }

    private func waitUntilListening(_ log: URL) throws {
        while process.isRunning {
            if try String(contentsOf: log, encoding: .utf8).contains("listening on") { return }
            usleep(5000)
        }
        throw Missing(what: "service: \(try String(contentsOf: log, encoding: .utf8))")
    }
}

/// Something that a test waits for did not come.
struct Missing: Error {
    let what: String
}

func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("doorstep-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    Cleaner.shared.add(nil, folder)
    return folder
}

/// Ends processes and removes folders when the tests end.
final class Cleaner: @unchecked Sendable {
    static let shared = Cleaner()
    private let lock = NSLock()
    private var processes: [Process] = []
    private var folders: [URL] = []

    private init() {
        atexit { Cleaner.shared.clean() }
    }

    func add(_ process: Process?, _ folder: URL) {
        lock.lock()
        defer { lock.unlock() }
        if let process { processes.append(process) }
        folders.append(folder)
    }

    private func clean() {
        for process in processes { kill(process.processIdentifier, SIGKILL) }
        for folder in folders { try? FileManager.default.removeItem(at: folder) }
    }
}

/// A port of the loopback interface that nobody uses.
func freePort() throws -> Int {
    let listener = try StubServer.listen()
    defer { close(listener.descriptor) }
    return listener.port
}
