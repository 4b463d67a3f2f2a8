import Foundation

#if canImport(Glibc)
import Glibc
private let streamSocket = Int32(SOCK_STREAM.rawValue)
#else
private let streamSocket = SOCK_STREAM
#endif

/// An HTTP server that gives each request the next of its answers, byte by byte as written, and records the requests.
final class StubServer: @unchecked Sendable {
    let url: URL
    private let descriptor: Int32
    private let lock = NSLock()
    private var answers: [String]
    private var received: [String] = []

    /// An empty answer is none: the connection stays open.
    init(_ answers: [String]) throws {
        self.answers = answers
        let listener = try StubServer.listen()
        descriptor = listener.descriptor
        guard let url = URL(string: "http://127.0.0.1:\(listener.port)/") else { throw Missing(what: "URL") }
        self.url = url
        Thread.detachNewThread { [self] in serve() }
    }

    deinit {
        close(descriptor)
    }

    var requests: [String] {
        lock.lock()
        defer { lock.unlock() }
        return received
    }

    static func listen() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, streamSocket, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(descriptor, address, length) == 0 else { return Int32(-1) }
                return getsockname(descriptor, address, &length)
            }
        }
        guard result == 0, systemListen(descriptor) == 0 else { throw Missing(what: "port") }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    private func serve() {
        while true {
            let connection = accept(descriptor, nil, nil)
            guard connection >= 0 else { return }
            let request = read(connection)
            guard let answer = next(request) else { return }
            if answer.isEmpty { continue }
            _ = answer.withCString { send(connection, $0, strlen($0), 0) }
            close(connection)
        }
    }

    private func next(_ request: String) -> String? {
        lock.lock()
        defer { lock.unlock() }
        received.append(request)
        return answers.isEmpty ? nil : answers.removeFirst()
    }

    /// The head of a request, and its body if that came with it.
    private func read(_ connection: Int32) -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !text.contains("\r\n\r\n") {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return text
    }
}

private func systemListen(_ descriptor: Int32) -> Int32 {
    listen(descriptor, 16)
}
