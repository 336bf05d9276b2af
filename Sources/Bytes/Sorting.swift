extension Array {
    /// The elements in order, those that `precedes` doesn't tell apart in the order they had.
    ///
    /// It sorts their places: the standard library's sort is 2 KB for each type of element, this one for all.
    public func ordered(by precedes: (Element, Element) -> Bool) -> [Element] {
        sortedPlaces(count) { precedes(self[$0], self[$1]) }.map { self[$0] }
    }
}

extension Array where Element: Comparable {
    public func ordered() -> [Element] { ordered(by: <) }
}

@inline(never)
private func sortedPlaces(_ count: Int, _ precedes: (Int, Int) -> Bool) -> [Int] { (0..<count).sorted(by: precedes) }
