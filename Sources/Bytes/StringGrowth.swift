// Texts for people are built with `+` and `+=`: an interpolation takes about 60 bytes of code more than the same text with `+`.
//
// The standard library's functions for interpolation and `+=` are inlined into every caller, 200 bytes each time. That was 60
// KB of the release program, and each page of the program is copied for every container. The functions below have the same
// names and effect, are preferred by the compiler, and are compiled once.

extension DefaultStringInterpolation {
    @inline(never)
    public mutating func appendLiteral(_ text: String) { write(text) }

    @inline(never)
    public mutating func appendInterpolation(_ text: String) { write(text) }

    @inline(never)
    public mutating func appendInterpolation(_ number: Int) { write(String(number)) }
}

extension String {
    @inline(never)
    public init(_ number: Int) { self = ByteString(decimal: number).displayText }

    public init(_ number: Int32) { self.init(Int(number)) }

    public init(_ number: UInt32) { self.init(Int(number)) }

    @inline(never)
    public static func += (text: inout String, more: String) { text.append(more) }
}
