// Sets and maps as sorted arrays. The standard library's hash tables take 2 KB of code for each type of element and key, and
// the sets and maps here seldom have more than a hundred entries.

/// A set that is kept as a sorted array.
public struct SortedSet<Element: Comparable> {
    private var elements: [Element]

    public init(_ elements: [Element] = []) { self.elements = elements.ordered() }

    /// The index of the first element that isn't below this one.
    private func place(of element: Element) -> Int {
        var (low, high) = (0, elements.count)
        while low < high {
            let middle = (low + high) / 2
            if elements[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Whether the set contains the element. A binary search.
    @inline(never)
    public func contains(_ element: Element) -> Bool {
        let place = place(of: element)
        return place < elements.count && elements[place] == element
    }

    /// Inserts an element.
    ///
    /// - Parameter element: the element to insert.
    /// - Returns: false if the set contained the element already.
    @inline(never)
    @discardableResult
    public mutating func insert(_ element: Element) -> Bool {
        let place = place(of: element)
        if place < elements.count, elements[place] == element { return false }
        elements.insert(element, at: place)
        return true
    }
}

extension SortedSet: Sendable where Element: Sendable {}

/// A map from integers to values, kept as a sorted array.
public struct SortedMap<Value> {
    /// In the order of the keys.
    private var entries: [(key: Int, value: Value)] = []

    public init() {}

    public var isEmpty: Bool { entries.isEmpty }

    public var values: [Value] { entries.map { $0.value } }

    private func place(of key: Int) -> Int { entries.firstIndex { $0.key >= key } ?? entries.count }

    /// The value of a key; nil if the map doesn't contain it. Setting nil removes the key.
    public subscript(key: Int) -> Value? {
        @inline(never)
        get {
            let place = place(of: key)
            return place < entries.count && entries[place].key == key ? entries[place].value : nil
        }
        @inline(never)
        set {
            removeValue(forKey: key)
            if let newValue { entries.insert((key, newValue), at: place(of: key)) }
        }
    }

    /// Removes a key and returns its value; nil if the map doesn't contain it.
    @inline(never)
    @discardableResult
    public mutating func removeValue(forKey key: Int) -> Value? {
        let place = place(of: key)
        guard place < entries.count, entries[place].key == key else { return nil }
        return entries.remove(at: place).value
    }
}

extension SortedMap: Sendable where Value: Sendable {}
