import Foundation

/// A lock that processes share through a file. The operating system frees it when its process ends.
struct FileLock: Sendable {
    /// Seconds between two looks at a lock that another process holds.
    private static let pause: UInt64 = 5_000_000

    let file: URL

    func run<Value: Sendable>(_ task: @Sendable () async throws -> Value) async throws -> Value {
        let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw posixError() }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw posixError() }
            try await Task.sleep(nanoseconds: FileLock.pause)
        }
        return try await task()
    }
}

/// The error of the system call before it.
func posixError() -> POSIXError {
    POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
}
