# Reads the line up to the word at the cursor. Writes a line each: the command, how many operands follow it, whether options may
# still follow, and the value of --root.
function __wherry_read
    set -l command
    set -l operands 0
    set -l options yes
    set -l root
    set -l option
    set -l tokens (commandline -opc)
    for word in $tokens[2..]
        if test -n "$option"
            test -z "$command" -a "$option" = --root; and set root $word
            set option
        else if test $word = --
            set options no
        # A regular expression, since "?" in a pattern is any character in fish 3 and a question mark in fish 4.
        else if string match -qr -- '^-.' $word; and test $options = yes
            set option (string replace -r '=.*' '' -- $word | string replace -r -- '^-([^-].)' '--$1')
            test -z "$command" -a "$option" = --root; and set root (string replace -r '^[^=]*=?' '' -- $word)
            # An option without a value, or with one in the same word.
            if string match -q -- '*=*' $word; or not contains -- "$command:$option" $__wherry_valued
                set option
            end
        else if test -z "$command"
            set command $word
        else
            set operands (math $operands + 1)
            contains -- $command $__wherry_ending; and set options no
        end
    end
    printf '%s\n' "$command" $operands $options "$root"
end

# Whether options of COMMAND may stand at the cursor. Without COMMAND: whether the line has no command yet.
function __wherry_in
    set -l read (__wherry_read)
    test "$read[1]" = "$argv[1]" -a $read[3] = yes
end

# Whether operand NUMBER of COMMAND stands at the cursor.
function __wherry_at
    set -l read (__wherry_read)
    test "$read[1]" = $argv[1] -a (math $read[2] + 1) = $argv[2]
end

# The ids of the containers in the state directory of the line's --root, if it has one.
function __wherry_ids
    set -l program (commandline -opc)[1]
    set -l root (__wherry_read)[4]
    if test -n "$root"
        eval $program --root (string escape -- $root) list --quiet 2>/dev/null
    else
        eval $program list --quiet 2>/dev/null
    end
end
