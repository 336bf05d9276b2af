# The functions above are tables. `_wherry_specs COMMAND` sets `specs` and `flags` for _arguments(1); COMMAND is "" for what comes
# before the command.

# The ids of the containers in the state directory of the line's --root, if it has one.
_wherry_ids() {
    local -a ids=(${(f)"$($program ${root:+--root=$root} list --quiet 2>/dev/null)"})
    _wanted ids expl 'container' compadd -a ids
}

_wherry() {
    local curcontext=$curcontext state line expl root program=${(e)~words[1]}
    local -a specs flags
    local -A opt_args
    _wherry_specs ''
    _arguments -C -S : $specs '1:command:_wherry_commands' '*::argument:->argument' && return
    [[ $state == argument ]] || return 1
    root=${(e)~${(Q)opt_args[--root]}}
    _wherry_specs $words[1]
    curcontext=${curcontext%:*:*}:wherry-$words[1]:
    _arguments -S $flags : $specs
}

_wherry "$@"
