import Foundation

extension Doorstep.Account {
    /// A permit to upload one image by other means. Set `avatarURL` after the upload.
    public func permitAvatar(
        contentType: Doorstep.AvatarMediaType,
        contentLength: Int
    ) async throws -> Doorstep.UploadPermit {
        let body = Wire.AvatarUpload(contentType: contentType, contentLength: contentLength)
        let answer = try await session.call(Endpoints.mePermitAvatar, body)
        guard let permit = Doorstep.UploadPermit(answer) else {
            throw session.api.configuration.error(.invalidAnswer, "an upload permit without a URL")
        }
        return permit
    }

    /// Uploads an image, and sets it as the avatar.
    @discardableResult
    public func uploadAvatar(_ image: Data, contentType: Doorstep.AvatarMediaType) async throws -> Doorstep.User {
        try await uncancelled { [self] in
            let permit = try await permitAvatar(contentType: contentType, contentLength: image.count)
            try await upload(image, contentType, permit)
            return try await update(avatarURL: permit.publicURL)
        }
    }

    private func upload(
        _ image: Data,
        _ contentType: Doorstep.AvatarMediaType,
        _ permit: Doorstep.UploadPermit
    ) async throws {
        var headers = Dictionary(permit.headers.map { ($0.key.lowercased(), $0.value) }) { $1 }
        var body = image
        if permit.method != "PUT" {
            let form = MultipartForm(fields: permit.form, file: image, contentType: contentType.rawValue)
            headers["content-type"] = form.contentType
            body = form.body
        } else if headers["content-type"] == nil {
            headers["content-type"] = contentType.rawValue
        }
        let configuration = session.api.configuration
        let request = Doorstep.TransportRequest(
            method: permit.method, url: permit.url, headers: headers, body: body, timeout: configuration.timeout * 4
        )
        let language = configuration.language
        let response: Doorstep.TransportResponse
        do {
            response = try await configuration.transport(request)
        } catch {
            throw DoorstepError(.network, "no answer from the storage", language: language, underlying: error)
        }
        guard (200..<300).contains(response.status) else {
            throw DoorstepError(
                .uploadFailed, "the storage refused the image", language: language, status: response.status
            )
        }
    }
}

/// A form with one file (RFC 7578).
struct MultipartForm {
    private let boundary = "doorstep-\(UUID().uuidString)"
    let body: Data

    var contentType: String {
        "multipart/form-data; boundary=\(boundary)"
    }

    init(fields: [String: String], file: Data, contentType: String) {
        var body = Data()
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            body += Data("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
        }
        let disposition = "Content-Disposition: form-data; name=\"file\"; filename=\"avatar\""
        body += Data("--\(boundary)\r\n\(disposition)\r\nContent-Type: \(contentType)\r\n\r\n".utf8)
        self.body = body + file + Data("\r\n--\(boundary)--\r\n".utf8)
    }
}
