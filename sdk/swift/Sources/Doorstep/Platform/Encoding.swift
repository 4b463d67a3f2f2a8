import Foundation

/// Base64 with the URL alphabet and without padding (RFC 4648 section 5).
func base64URL(_ data: Data) -> String {
    data.base64EncodedString()
        .replacingOccurrences(of: "+", with: "-")
        .replacingOccurrences(of: "/", with: "_")
        .replacingOccurrences(of: "=", with: "")
}

/// A text as one part of a path or a file name.
func percentEncoded(_ text: String) -> String {
    let unreserved = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
    return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
}

/// A data URI with base64 (RFC 2397).
struct DataURI {
    let mediaType: String
    let data: Data

    init?(_ text: String) {
        guard text.hasPrefix("data:"), let comma = text.firstIndex(of: ",") else { return nil }
        let head = text[..<comma].dropFirst("data:".count).components(separatedBy: ";")
        guard head.last == "base64", let data = Data(base64Encoded: String(text[text.index(after: comma)...])) else {
            return nil
        }
        mediaType = head[0]
        self.data = data
    }
}
