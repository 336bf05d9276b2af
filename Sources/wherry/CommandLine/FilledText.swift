import Bytes

extension [UInt8] {
    /// The width of a terminal that texts for people are made for.
    private static var width: Int { 80 }

    /// Adds words in lines up to the width, each indented by `indent` columns. The first `reached` columns of the first line
    /// are used already.
    mutating func fill(_ sentence: ByteString, from reached: Int, indent: Int) {
        var at = reached
        for word in sentence.split(separator: UInt8(ascii: " ")) where !word.isEmpty {
            if at > indent, at + 1 + word.count > Self.width {
                append("\n")
                at = 0
            }
            let gap = at <= indent ? indent - at : 1
            append(contentsOf: [UInt8](repeating: UInt8(ascii: " "), count: gap))
            self += word.bytes
            at += gap + word.count
        }
        append("\n")
    }
}
