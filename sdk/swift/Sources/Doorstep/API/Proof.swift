import Foundation

/// A DPoP proof (RFC 9449): a JWT that the key signs for one request.
struct Proof {
    let method: String
    let url: URL
    /// Value of `DPoP-Nonce`, after the service refused the clock of the device.
    let nonce: String?

    private struct Head: Encodable {
        struct Key: Encodable {
            var kty = "EC"
            var crv = "P-256"
            let x: String
            let y: String
        }

        var typ = "dpop+jwt"
        var alg = "ES256"
        let jwk: Key
    }

    private struct Claims: Encodable {
        let jti: String
        let htm: String
        let htu: String
        let iat: Int
        let nonce: String?
    }

    func signed(by key: any DoorstepDeviceKey, clock: any DoorstepClock, jti: String) async throws -> String {
        let head = Head(jwk: .init(x: base64URL(key.publicKey.x), y: base64URL(key.publicKey.y)))
        let time = Int(clock.now().timeIntervalSince1970.rounded(.down))
        let claims = Claims(jti: jti, htm: method, htu: url.absoluteString, iat: time, nonce: nonce)
        let text = "\(base64URL(try JSON.encoded(head))).\(base64URL(try JSON.encoded(claims)))"
        return "\(text).\(base64URL(try await key.sign(Data(text.utf8))))"
    }
}
