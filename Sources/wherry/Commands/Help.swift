import Bytes
import Errors

enum Help {
    static let command = Command(
        name: "help", summary: "show the help of a command", operands: [.optional("COMMAND")],
        description: """
            Shows what "wherry COMMAND --help" shows; without a command, the list of them.
            """,
        example: """
            wherry help create
            """,
        action: { invocation throws(RuntimeError) in
            guard let name = invocation.operand(0) else {
                try printOut(overview)
                return 0
            }
            try printOut(try Command.named(name).help)
            return 0
        })

    static var overview: [UInt8] {
        var page = HelpPage()
        page.usage("wherry [GLOBAL OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]")
        page.prose(
            """
            Runs containers on Linux as the OCI Runtime Specification describes them. Engines
            such as Docker, containerd, Podman and CRI-O call it in the place of runc, whose
            command line it takes; it can be used by hand as well.
            """)
        page.heading("Commands")
        for command in Command.all { page.entry(command.name.description, command.summary, column: 14) }
        page.heading("Global options")
        page.options(GlobalOptions.table)
        page.heading("Example")
        page.verbatim(
            """
            mkdir -p /srv/demo/rootfs        # and unpack an image in rootfs
            wherry spec --bundle /srv/demo
            wherry run --bundle /srv/demo demo
            """)
        page.prose("Each command has its own help: \"wherry help COMMAND\".")
        return page.text
    }
}
