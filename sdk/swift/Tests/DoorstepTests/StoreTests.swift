import Doorstep
import Foundation
import XCTest

final class StoreTests: XCTestCase {
    func testFileStoreKeepsValues() async throws {
        let folder = try temporaryFolder().appendingPathComponent("new")
        let store = FileStore(folder: folder)
        let none = try await store.get("a/b")
        XCTAssertNil(none)
        try await store.set("a/b", "one")
        try await store.set("a/b", "zwei ü")
        let value = try await FileStore(folder: folder).get("a/b")
        XCTAssertEqual(value, "zwei ü")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        XCTAssertEqual(names, ["a%2Fb"])
        let file = folder.appendingPathComponent("a%2Fb").path
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? NSNumber
        XCTAssertEqual(mode?.intValue, 0o600)
        try await store.set("a/b", nil)
        try await store.set("a/b", nil)
        let removed = try await store.get("a/b")
        XCTAssertNil(removed)
    }

    func testUnreadableFileIsAnErrorAndNotNothing() async throws {
        let folder = try temporaryFolder()
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("doorstep"), withIntermediateDirectories: false
        )
        do {
            _ = try await FileStore(folder: folder).get("doorstep")
            XCTFail("no error")
        } catch {}
    }

    func testLockIsExclusive() async throws {
        let folder = try temporaryFolder()
        let inside = Collected<Int>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let store = FileStore(folder: folder)
                    for _ in 0..<25 {
                        try await store.lock("counter") {
                            let count = Int(try await store.get("count") ?? "0") ?? 0
                            await Task.yield()
                            try await store.set("count", "\(count + 1)")
                        }
                        inside.add(0)
                    }
                }
            }
            try await group.waitForAll()
        }
        let count = try await FileStore(folder: folder).get("count")
        XCTAssertEqual(count, "100")
    }

    func testLockDiesWithItsProcess() async throws {
        #if !os(Linux)
        throw XCTSkip("needs the program flock of Linux")
        #endif
        let folder = try temporaryFolder()
        let file = folder.appendingPathComponent("name.lock").path
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        holder.arguments = ["flock", "--no-fork", file, "sh", "-c", "echo held; exec sleep 600"]
        let output = Pipe()
        holder.standardOutput = output
        try holder.run()
        XCTAssertEqual(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self), "held\n")

        let entered = Collected<Int>()
        let waiting = Task { try await FileStore(folder: folder).lock("name") { entered.add(0) } }
        try await Task.sleep(nanoseconds: 50_000_000)
        XCTAssertEqual(entered.all.count, 0)
        kill(holder.processIdentifier, SIGKILL)
        try await waiting.value
        XCTAssertEqual(entered.all.count, 1)
    }
}
