public import Bytes

/// A part of the plan as a table, in the order of the work.
///
/// It's a class because copies of such a struct would cost much code.
public final class PlanSection {
    public let name: StaticString
    public var columns: [ByteString] { ByteString(stringLiteral: columnNames).words }
    /// The names with spaces between them: a list of constants would have to be relocated at each start of the program.
    private let columnNames: StaticString
    /// A row has as many texts as there are columns, or fewer.
    public internal(set) var rows: [[ByteString]] = []

    init(_ name: StaticString, _ columnNames: StaticString) {
        self.name = name
        self.columnNames = columnNames
    }

    @inline(never)
    func add(_ row: [ByteString]) { rows.append(row) }

    /// Adds a property and its value, unless that is nil or empty.
    @inline(never)
    func add(_ property: StaticString, _ value: ByteString?) {
        if let value, !value.isEmpty { rows.append([ByteString(stringLiteral: property), value]) }
    }

    /// Adds a property that is a number.
    @inline(never)
    func add(_ property: StaticString, number: Int?) { add(property, number.map { ByteString(decimal: $0) }) }
}
