// Declarations of SwiftUI and Combine, as far as the README of the client uses them. See README.md.

@_exported import Foundation

public protocol ObservableObject: AnyObject {}

@propertyWrapper
public struct Published<Value> {
    public var wrappedValue: Value

    public init(wrappedValue: Value) {
        self.wrappedValue = wrappedValue
    }
}

@propertyWrapper
public struct Binding<Value> {
    public init() {}

    public var wrappedValue: Value {
        get { fatalError() }
        nonmutating set { fatalError() }
    }
}

@propertyWrapper
public struct State<Value> {
    public init(wrappedValue: Value) {}

    public var wrappedValue: Value {
        get { fatalError() }
        nonmutating set { fatalError() }
    }

    public var projectedValue: Binding<Value> {
        fatalError()
    }
}

@MainActor
@propertyWrapper
public struct StateObject<Object: ObservableObject> {
    public nonisolated init(wrappedValue: @autoclosure @escaping () -> Object) {}

    public var wrappedValue: Object {
        fatalError()
    }
}

@MainActor
public protocol View {
    associatedtype Body: View
    @ViewBuilder var body: Body { get }
}

extension Never: View {
    public var body: Never {
        return fatalError()
    }
}

@resultBuilder
public enum ViewBuilder {
    public static func buildBlock<each Content: View>(
        _ content: repeat each Content
    ) -> TupleView<(repeat each Content)> {
        fatalError()
    }
}

public struct TupleView<Content>: View {
    public var body: Never {
        return fatalError()
    }
}

public struct VStack<Content: View>: View {
    public nonisolated init(@ViewBuilder content: () -> Content) {}

    public var body: Never {
        return fatalError()
    }
}

public struct Text: View {
    public nonisolated init(_ content: String) {}

    public var body: Never {
        return fatalError()
    }
}

public struct TextField: View {
    public nonisolated init(_ title: String, text: Binding<String>) {}

    public var body: Never {
        return fatalError()
    }
}

public struct Button: View {
    public nonisolated init(_ title: String, action: @escaping @MainActor () -> Void) {}

    public var body: Never {
        return fatalError()
    }
}

public struct UITextContentType: Sendable {
    public static let oneTimeCode = UITextContentType()
}

public enum UIKeyboardType: Sendable {
    case numberPad
}

extension View {
    public nonisolated func textContentType(_ type: UITextContentType?) -> some View {
        self
    }

    public nonisolated func keyboardType(_ type: UIKeyboardType) -> some View {
        self
    }

    public nonisolated func task(_ action: @escaping @Sendable @MainActor () async -> Void) -> some View {
        self
    }
}
