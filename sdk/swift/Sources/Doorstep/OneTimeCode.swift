import Foundation

extension Doorstep {
    /// The six digits of a message with a code. `nil` if there are none, or groups of six digits that differ: a message
    /// for autofill can contain the code twice.
    public static func oneTimeCode(_ message: String) -> String? {
        let groups = Set(message.split { !("0"..."9").contains($0) }.filter { $0.count == 6 })
        return groups.count == 1 ? groups.first.map { String($0) } : nil
    }
}
