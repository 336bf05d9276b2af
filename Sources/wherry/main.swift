import CLinux

// Nothing here has anything to do at exit: no stdio, no threads.
_exit(Program.run(Program.arguments))
