import Foundation
import XCTest

@testable import Doorstep

final class RecordTests: XCTestCase {
    func testKnownDeviceIsFoundByEachFormOfItsNumber() {
        var contents = Contents()
        contents.devices = [StoredDevice(userId: "u", phone: "+8613800138000", token: "t", key: nil)]
        for typed in ["+8613800138000", "13800138000", "138 0013 8000", "0086-138-0013-8000", "１３８００１３８０００"] {
            XCTAssertNotNil(contents.device(typed: typed), typed)
        }
        for typed in ["", "8000", "13800138001", "+8613900138000"] {
            XCTAssertNil(contents.device(typed: typed), typed)
        }
    }

    func testUnreadableRecordIsAnEmptyOne() async throws {
        let store = MemoryStore()
        for text in ["", "null", "[]", #"{"version":2}"#, "rubbish", #"{"version":1}"#] {
            await store.set("doorstep", text)
            let contents = try await Vault(store, name: "doorstep").read()
            XCTAssertEqual(contents, Contents(), text)
        }
    }

    func testRecordOfTheClientInTypeScriptIsReadable() async throws {
        let store = MemoryStore()
        await store.set("doorstep", """
            {"version":1,
            "session":{"id":"s","refreshToken":"r","bound":true,"key":"k","user":{"id":"u","new":{"a":1.5}}},
            "devices":[{"userId":"u","phone":"+8613800138000","token":"t","key":"k"},{"strange":1}],
            "flows":{"signIn":{"step":"verify_code","ticket":"t","via":"login","expiresAt":1764500000000,
            "pending":{"operation":"loginVerifyCode","body":{"code":"1"},"idempotencyKey":"i","at":1764500000000}},
            "later":{"form":2}},"ended":{"session":"e","reason":"session_ended"}}
            """)
        let contents = try await Vault(store, name: "doorstep").read()
        XCTAssertEqual(contents.session?.refreshToken, "r")
        XCTAssertEqual(contents.session?.user["new"], .object(["a": .number(1.5)]))
        XCTAssertEqual(contents.devices.map(\.token), ["t"])
        XCTAssertEqual(contents.flows.keys.sorted(), ["signIn"])
        XCTAssertEqual(contents.flows["signIn"]?.pending?.operation, .loginVerifyCode)
        XCTAssertEqual(contents.ended?.reason, .sessionEnded)
        let again = try JSON.decoded(JSONObject.self, from: try JSON.encoded(contents))
        XCTAssertEqual(again["session"]?.object?["user"]?.object?["new"], .object(["a": .number(1.5)]))
        XCTAssertEqual(Set(again.keys), ["version", "session", "devices", "flows", "ended"])
    }

    func testChangesOfOneRecordWaitForEachOther() async throws {
        let store = SlowStore()
        let vaults = [Vault(store, name: "doorstep"), Vault(store, name: "doorstep")]
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    _ = try? await vaults[number % 2].update { contents in
                        contents.flows["\(number)"] = StoredFlow(step: "start", via: "login")
                    }
                }
            }
        }
        let contents = try await vaults[0].read()
        XCTAssertEqual(contents.flows.count, 19, "the write that failed changes nothing, and stops nobody")
    }

    func testEveryFlowWithACodeCanAskForItsStatus() {
        let flows = Operation.allCases.map(\.rawValue).filter { $0.hasSuffix("ResendCode") }
        XCTAssertEqual(flows.count, 9)
        for flow in flows {
            XCTAssertNotNil(Operation(rawValue: flow.replacingOccurrences(of: "ResendCode", with: "Status")), flow)
        }
    }

    func testSecretsAreNotInDescriptions() {
        let error = DoorstepError(.network, "no answer", language: nil, underlying: Fault(text: "secret"))
        XCTAssertFalse("\(error)".contains("secret"))
    }
}

/// A store whose calls take turns, and whose fifth write fails.
private final class SlowStore: DoorstepStore {
    private let inner = MemoryStore()
    private let writes = Collected<Int>()

    func get(_ key: String) async throws -> String? {
        await Task.yield()
        return await inner.get(key)
    }

    func set(_ key: String, _ value: String?) async throws {
        writes.add(0)
        await Task.yield()
        if writes.all.count == 5 { throw Fault(text: "cannot write") }
        await inner.set(key, value)
    }
}
