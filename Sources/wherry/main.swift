import Bytes
import CLinux
import Linux

let text: ByteString = "x"
if text == "y" { _exit(1) }
switch text {
case "x": _exit(0)
default: _exit(2)
}
