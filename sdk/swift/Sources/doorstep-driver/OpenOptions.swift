import Doorstep
import Foundation
import OpenSSLKeys

/// The device, as `open` describes it.
struct OpenOptions {
    static let hasKeys = OpenSSLKeys.areAvailable

    private let parameters: Members

    init(_ parameters: Members) {
        self.parameters = parameters
    }

    var baseURL: URL {
        guard let text = parameters["base_url"] as? String, let url = URL(string: text) else {
            fatalError("open without base_url")
        }
        return url
    }

    func store() -> any Doorstep.Store {
        let folder = URL(fileURLWithPath: parameters["store"] as? String ?? "", isDirectory: true)
        return DriverStore(
            FileStore(folder: folder),
            locks: parameters["lock"] as? Bool ?? true,
            crash: CrashPoint(parameters["crash_at"] as? Members)
        )
    }

    func keys() -> (any Doorstep.KeyStore)? {
        guard OpenOptions.hasKeys, let folder = parameters["keys"] as? String else { return nil }
        return OpenSSLKeys(folder: URL(fileURLWithPath: folder, isDirectory: true))
    }

    func clock() -> any Doorstep.Clock {
        WrongClock(offset: parameters["clock_offset"] as? TimeInterval ?? 0)
    }
}

/// A device whose user has set the clock wrongly.
private struct WrongClock: Doorstep.Clock {
    let offset: TimeInterval
    private let system = SystemClock()

    init(offset: TimeInterval) {
        self.offset = offset
    }

    func monotonic() -> TimeInterval {
        system.monotonic()
    }

    func now() -> Date {
        system.now().addingTimeInterval(offset)
    }

    func sleep(_ seconds: TimeInterval) async throws {
        try await system.sleep(seconds)
    }
}
