import CLinux
import Testing

/// The release program's allocator. The tests call the same code by its own names.
@Suite(.serialized) struct AllocationTests {
    @Test(arguments: [0, 1, 8, 9, 24, 25, 1032, 1033, 1288, 1289, 65_536, 131_080, 131_081, 1 << 20, 5_000_001])
    func givesAlignedMemoryThatHoldsWhatItIsToHold(_ size: Int) throws {
        let blocks = try (0..<5).map { _ in try #require(c_allocate(size)) }
        for (number, block) in blocks.enumerated() {
            #expect(UInt(bitPattern: block) % 16 == 0)
            memset(block, Int32(number), size)
        }
        for (number, block) in blocks.enumerated() {
            #expect(UnsafeRawBufferPointer(start: block, count: size).allSatisfy { $0 == UInt8(number) })
            c_release(block)
        }
    }

    @Test(arguments: [1, 100, 2000, 100_000]) func givesOutAgainWhatItGotBack(_ size: Int) {
        let block = c_allocate(size)
        c_release(block)
        #expect(c_allocate(size) == block)
        c_release(block)
    }

    @Test(arguments: [16, 5000, 300_000]) func zerosAreZerosInUsedMemoryToo(_ size: Int) throws {
        let used = try #require(c_allocate(size))
        memset(used, 0xFF, size)
        c_release(used)
        let zeros = try #require(c_allocate_zeros(size / 4, 4))
        #expect(UnsafeRawBufferPointer(start: zeros, count: size / 4 * 4).allSatisfy { $0 == 0 })
        c_release(zeros)
    }

    @Test func growingAndShrinkingKeepsTheContent() throws {
        var block: UnsafeMutableRawPointer? = nil
        var held = 0
        for size in [1, 30, 31, 1000, 1100, 70_000, 140_000, 900_000, 200_000, 140_000, 100, 3_000_000, 8] {
            let other = try #require(c_reallocate(block, size))
            block = other
            let bytes = UnsafeMutableRawBufferPointer(start: other, count: size)
            for index in 0..<min(held, size) where bytes[index] != UInt8(truncatingIfNeeded: index &* 7) {
                Issue.record("byte \(index) of \(size) is lost")
                return
            }
            for index in 0..<size { bytes[index] = UInt8(truncatingIfNeeded: index &* 7) }
            held = size
        }
        c_release(block)
    }

    @Test func blocksNeverOverlap() throws {
        var generator = SystemRandomNumberGenerator()
        var blocks: [(memory: UnsafeMutableRawPointer, size: Int, mark: UInt8)] = []
        for round in 0..<20_000 {
            if blocks.count < 200 || Bool.random(using: &generator) {
                let size = Int.random(in: 0...(1 << Int.random(in: 1...18, using: &generator)), using: &generator)
                let memory = try #require(c_allocate(size))
                let mark = UInt8(truncatingIfNeeded: round)
                memset(memory, Int32(mark), size)
                blocks.append((memory, size, mark))
            }
            if blocks.count > 200 {
                let block = blocks.remove(at: Int.random(in: blocks.indices, using: &generator))
                let isWhole = UnsafeRawBufferPointer(start: block.memory, count: block.size).allSatisfy { $0 == block.mark }
                #expect(isWhole, "\(block)")
                c_release(block.memory)
            }
        }
        for block in blocks { c_release(block.memory) }
    }

    @Test func whatCannotBeIsRefused() {
        for size in [Int.max, Int.max - 4096, 1 << 60] {
            #expect(c_allocate(size) == nil)
            #expect(c_errno() == ENOMEM)
        }
        #expect(c_allocate_zeros(1 << 40, 1 << 40) == nil)
        #expect(c_errno() == ENOMEM)
        let block = c_allocate(10)
        #expect(c_reallocate(block, Int.max) == nil)
        c_release(block)
        var memory: UnsafeMutableRawPointer? = nil
        #expect(c_allocate_aligned(&memory, 32, 8) == EINVAL)
        #expect(memory == nil)
        #expect(c_allocate_aligned(&memory, 16, 8) == 0)
        c_release(memory)
        c_release(nil)
    }

    // The memory of a process in the container must hold nothing from before.
    @Test func beginsAnewOnOtherPages() throws {
        var former: [UnsafeMutableRawPointer] = []
        for size in [10, 2000, 100_000, 300_000, 2_000_000] { former.append(try #require(c_allocate(size))) }
        c_allocation_begin()
        ranges = []
        #expect(
            c_allocation_each_former { memory, length in
                ranges.append((UInt(bitPattern: memory), UInt(length)))
                return 0
            } == 0)
        func isFormer(_ memory: UnsafeMutableRawPointer) -> Bool {
            ranges.contains { UInt(bitPattern: memory) >= $0.start && UInt(bitPattern: memory) < $0.start + $0.length }
        }
        #expect(former.allSatisfy(isFormer))
        // Memory from before is never used again: a block doesn't grow in place, and a released one isn't given out again.
        let grown = try #require(c_reallocate(former[3], 3_000_000))
        #expect(!isFormer(grown))
        // Large blocks go back to the kernel, which may map others in their place.
        for memory in former[..<3] { c_release(memory) }
        for size in [10, 2000, 100_000] {
            let memory = try #require(c_allocate(size))
            #expect(!isFormer(memory), "\(size)")
            c_release(memory)
        }
        c_release(grown)
        c_release(former[4])
    }
}

/// Global, because the closure that C calls can't capture variables.
nonisolated(unsafe) private var ranges: [(start: UInt, length: UInt)] = []
