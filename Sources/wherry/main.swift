import Linux

// OwnProcess.exit runs no exit handlers. None are needed, because the program uses neither stdio nor threads.
OwnProcess.exit(Program.run(Program.arguments))
