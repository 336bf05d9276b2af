# extract-vmlinux.py BZIMAGE VMLINUX - decompresses the kernel in a bzImage (Linux's Documentation/arch/x86/boot.rst).
import lzma, struct, subprocess, sys, zlib
src, dst = sys.argv[1:]
d = open(src, "rb").read()
if d[0x202:0x206] != b"HdrS":
    sys.exit("not a bzImage")
setup = (d[0x1f1] or 4) * 512 + 512
off, length = struct.unpack_from("<II", d, 0x248)      # payload_offset, _length
p = d[setup + off:setup + off + length]
if p[:6] == b"\xfd7zXZ\0":
    out = lzma.LZMADecompressor().decompress(p)
elif p[:2] == b"\x1f\x8b":
    out = zlib.decompressobj(31).decompress(p)
elif p[:4] in (b"\x02\x21\x4c\x18", b"\x28\xb5\x2f\xfd"):
    tool = "lz4" if p[:1] == b"\x02" else "zstd"
    # A trailing length word follows the stream: ignore complaints about it.
    out = subprocess.run([tool, "-dc"], input=p, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL).stdout
else:
    sys.exit("unknown compression")
if out[:4] != b"\x7fELF":
    sys.exit("no ELF inside")
open(dst, "wb").write(out)
