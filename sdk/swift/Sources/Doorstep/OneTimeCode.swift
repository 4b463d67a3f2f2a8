import Foundation

extension Doorstep {
    /// The six digits of a message with a code. `nil` if the text does not have exactly one group of six digits.
    public static func oneTimeCode(_ message: String) -> String? {
        let groups = message.split { !("0"..."9").contains($0) }.filter { $0.count == 6 }
        return groups.count == 1 ? String(groups[0]) : nil
    }
}
