# The functions above are tables; COMMAND is "" for what comes before the command:
#   _wherry_options COMMAND          writes the names of its options
#   _wherry_value COMMAND OPTION     sets kind to what the option's value is, or to nothing if it has none
#   _wherry_operand COMMAND NUMBER   sets kind to what the operand is
# shellcheck shell=bash disable=SC2034,SC2154

# Adds to COMPREPLY what `compgen` finds.
_wherry_add() {
    local found
    while IFS= read -r found; do COMPREPLY+=("$found"); done < <(compgen "$@")
}

# Completes VALUE as something of the kind $kind.
_wherry_complete() {
    case $kind in
        directory) compopt -o filenames; _wherry_add -d -- "$1" ;;
        file) compopt -o filenames; _wherry_add -f -- "$1" ;;
        signal)
            [[ $1 == SIG* ]] && set -- "${1#SIG}" SIG
            _wherry_add -P "${2-}" -W "$(_wherry_signals)" -- "$1"
            ;;
        id) _wherry_add -W "$("${program/#\~\//$HOME/}" ${root:+--root "${root/#\~\//$HOME/}"} list --quiet 2>/dev/null)" -- "$1" ;;
        words*) _wherry_add -W "${kind#words}" -- "$1" ;;
    esac
}

# Splits the line up to the cursor into `words`, at blanks alone: bash itself splits at "=" and ":" too.
_wherry_split() {
    local line=$COMP_LINE blanks i
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        blanks=${line%%[![:blank:]]*}
        line=${line#"$blanks"}
        line=${line#"${COMP_WORDS[i]}"}
        if [[ $i -gt 0 && -z $blanks && -n ${COMP_WORDS[i]} ]]; then
            words[${#words[@]} - 1]+=${COMP_WORDS[i]}
        else
            words+=("${COMP_WORDS[i]}")
        fi
    done
}

# Reads the word before the cursor's: sets command, operands, ended, and option if the next word is the value of one.
_wherry_read() {
    local word=$1
    if [[ -n $option ]]; then
        [[ $command || $option != --root ]] || root=$word
        option=
    elif [[ $word == -- ]]; then
        ended=yes
    elif [[ $word == -?* && -z $ended ]]; then
        option=${word%%=*}
        # One dash is as good as two.
        [[ $option != -[!-]?* ]] || option=-$option
        _wherry_value "$command" "$option"
        [[ $command || $word != --root=* ]] || root=${word#*=}
        [[ $kind && $word != *=* ]] || option=
    elif [[ -z $command ]]; then
        command=$word
    else
        operands=$((operands + 1))
        ! _wherry_ends_options "$command" || ended=yes
    fi
}

_wherry() {
    local words kind='' option='' command='' operands=0 ended='' root='' program i value
    COMPREPLY=()
    _wherry_split
    program=${words[0]} value=${words[${#words[@]} - 1]}
    for ((i = 1; i < ${#words[@]} - 1; i++)); do _wherry_read "${words[i]}"; done
    if [[ -n $option ]]; then
        _wherry_value "$command" "$option"
        _wherry_complete "$value"
    elif [[ $value == -*=* && -z $ended ]]; then
        _wherry_value "$command" "${value%%=*}"
        _wherry_complete "${value#*=}"
    elif [[ $value == -* && -z $ended ]]; then
        _wherry_add -W "$(_wherry_options "$command")" -- "$value"
    elif [[ -z $command ]]; then
        _wherry_add -W "$(_wherry_commands)" -- "$value"
    else
        _wherry_operand "$command" $((operands + 1))
        _wherry_complete "$value"
    fi
}

complete -F _wherry wherry
