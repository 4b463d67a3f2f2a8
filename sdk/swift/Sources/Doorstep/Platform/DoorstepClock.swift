import Foundation

/// Time for the client. Tests replace it.
public protocol DoorstepClock: Sendable {
    /// Seconds on a clock that the user cannot set. Its zero is arbitrary.
    func monotonic() -> TimeInterval
    /// The time of day by the clock of the device. Used for proofs, and for hints after a restart.
    func now() -> Date
    func sleep(_ seconds: TimeInterval) async throws
}

/// The clocks of the device. The monotonic one goes on while the device sleeps.
public struct SystemClock: DoorstepClock {
    public init() {}

    public func monotonic() -> TimeInterval {
        #if canImport(Darwin)
        let clock = CLOCK_MONOTONIC_RAW
        #else
        let clock = CLOCK_BOOTTIME
        #endif
        var time = timespec()
        clock_gettime(clock, &time)
        return TimeInterval(time.tv_sec) + TimeInterval(time.tv_nsec) / 1_000_000_000
    }

    public func now() -> Date {
        Date()
    }

    public func sleep(_ seconds: TimeInterval) async throws {
        try await Task.sleep(nanoseconds: UInt64(max(0, seconds) * 1_000_000_000))
    }
}

extension DoorstepClock {
    /// Milliseconds since 1970, as the record has them.
    func milliseconds() -> Int {
        Int((now().timeIntervalSince1970 * 1000).rounded())
    }
}
