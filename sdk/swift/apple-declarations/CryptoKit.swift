// Declarations of CryptoKit, as far as the client uses it. See README.md.

import Foundation
import Security

/// A class of LocalAuthentication.
public final class LAContext {}

public struct SHA256Digest: Sequence, Sendable {
    public func makeIterator() -> Array<UInt8>.Iterator {
        fatalError()
    }
}

public struct SHA256: Sendable {
    public init() {}

    public mutating func update<D: DataProtocol>(data: D) {
        fatalError()
    }

    public func finalize() -> SHA256Digest {
        fatalError()
    }
}

public enum P256 {
    public enum Signing {
        public struct ECDSASignature: Sendable {
            /// `r` and `s`, 32 bytes each.
            public var rawRepresentation: Data {
                fatalError()
            }
        }

        public struct PublicKey: Sendable {
            /// `x` and `y`, 32 bytes each.
            public var rawRepresentation: Data {
                fatalError()
            }
        }

        public struct PrivateKey: Sendable {
            public init(compactRepresentable: Bool = true) {}

            public init<D: ContiguousBytes>(rawRepresentation: D) throws {
                fatalError()
            }

            public var publicKey: PublicKey {
                fatalError()
            }

            public var rawRepresentation: Data {
                fatalError()
            }

            public func signature<D: DataProtocol>(for data: D) throws -> ECDSASignature {
                fatalError()
            }
        }
    }
}

public enum SecureEnclave {
    public static var isAvailable: Bool {
        fatalError()
    }

    public enum P256 {
        public enum Signing {
            public struct PrivateKey {
                public init(
                    compactRepresentable: Bool = true,
                    accessControl: SecAccessControl = SecAccessControl(),
                    authenticationContext: LAContext? = nil
                ) throws {
                    fatalError()
                }

                public init(dataRepresentation: Data, authenticationContext: LAContext? = nil) throws {
                    fatalError()
                }

                public var dataRepresentation: Data {
                    fatalError()
                }

                public var publicKey: CryptoKit.P256.Signing.PublicKey {
                    fatalError()
                }

                public func signature<D: DataProtocol>(
                    for data: D
                ) throws -> CryptoKit.P256.Signing.ECDSASignature {
                    fatalError()
                }
            }
        }
    }
}
