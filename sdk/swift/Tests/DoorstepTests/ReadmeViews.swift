#if canImport(SwiftUI) && !os(macOS)
import Doorstep
import SwiftUI

// The block of README.md for SwiftUI.

@MainActor
final class SignUpModel: ObservableObject {
    @Published private(set) var state: Doorstep.FlowState
    @Published private(set) var message: String?
    let flow: Doorstep.SignUp

    init(_ doorstep: Doorstep) {
        flow = doorstep.signUp()
        state = flow.state
    }

    func follow() async {
        await perform { [flow] in try await flow.resume() }
        for await state in flow.changes { self.state = state }
    }

    func verify(_ code: String) async {
        await perform { [flow] in try await flow.verifyCode(code) }
    }

    private func perform(_ action: @Sendable () async throws -> Doorstep.FlowState) async {
        do {
            message = nil
            _ = try await action()
        } catch {
            message = error.localizedDescription
        }
    }
}

struct CodeView: View {
    @StateObject var model: SignUpModel
    @State private var code = ""

    var body: some View {
        VStack {
            TextField("Code", text: $code)
                .textContentType(.oneTimeCode)
                .keyboardType(.numberPad)
            Text(model.message ?? "")
            Button("Continue") { Task { await model.verify(code) } }
        }
        .task { await model.follow() }
    }
}
#endif
