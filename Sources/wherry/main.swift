import Linux

// Nothing here has anything to do at exit: no stdio, no threads.
OwnProcess.exit(Program.run(Program.arguments))
