import Doorstep
import Foundation
import XCTest

final class AvatarTests: ServiceTestCase {
    private let image = Data([0xff, 0xd8, 0xff, 0x00])

    /// A client of a signed-in user whose service has a storage.
    private func client(
        method: String,
        status: Int,
        _ uploads: Collected<Doorstep.TransportRequest>
    ) throws -> Doorstep {
        let permit = """
            {"method":"\(method)","url":"https://storage.example.com/up","headers":{"X-Permit":"p"},
            "form":{"key":"k","policy":"q"},"public_url":"https://cdn.example.com/a.jpg","expires_in":60}
            """
        return try client(transport: transport { request, send in
            if request.url.path == "/v1/me/avatar" { return answer(200, permit) }
            guard request.url.host == "storage.example.com" else { return try await send(request) }
            uploads.add(request)
            return answer(status, "")
        })
    }

    func testImageIsPut() async throws {
        let uploads = Collected<Doorstep.TransportRequest>()
        let doorstep = try client(method: "PUT", status: 200, uploads)
        try await signUp(doorstep)
        // The service of the tests has no storage, so it refuses the address.
        await assertError(.validationFailed) { try await doorstep.account.uploadAvatar(image, contentType: .imageJpeg) }
        let upload = try XCTUnwrap(uploads.all.first)
        XCTAssertEqual(upload.method, "PUT")
        XCTAssertEqual(upload.body, image)
        XCTAssertEqual(upload.headers, ["x-permit": "p", "content-type": "image/jpeg"])
    }

    func testImageIsPostedWithTheFieldsOfTheForm() async throws {
        let uploads = Collected<Doorstep.TransportRequest>()
        let doorstep = try client(method: "POST", status: 204, uploads)
        try await signUp(doorstep)
        await assertError(.validationFailed) { try await doorstep.account.uploadAvatar(image, contentType: .imagePng) }
        let upload = try XCTUnwrap(uploads.all.first)
        let boundary = try XCTUnwrap(upload.headers["content-type"]?.components(separatedBy: "boundary=").last)
        let body = String(decoding: try XCTUnwrap(upload.body), as: UTF8.self)
        let parts = body.components(separatedBy: "--\(boundary)")
        XCTAssertEqual(parts.count, 5)
        XCTAssertTrue(parts[1].contains("name=\"key\"\r\n\r\nk\r\n"))
        XCTAssertTrue(parts[3].contains("name=\"file\"; filename=\"avatar\"\r\nContent-Type: image/png\r\n\r\n"))
        XCTAssertEqual(parts[4], "--\r\n")
    }

    func testRefusalOfTheStorageIsAnError() async throws {
        let doorstep = try client(method: "PUT", status: 403, Collected())
        try await signUp(doorstep)
        let error = await assertError(.uploadFailed) {
            try await doorstep.account.uploadAvatar(image, contentType: .imageWebp)
        }
        XCTAssertEqual(error?.status, 403)
    }
}
