_rolebook() {
    local words=() word spaces rest=$COMP_LINE i index=0
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        word=${COMP_WORDS[i]}
        spaces=${rest%%[![:space:]]*}
        rest=${rest#"$spaces"}
        if [[ -n $spaces || $i -eq 0 ]]; then
            words+=("$word")
        else
            words[${#words[@]}-1]+=$word
        fi
        if [[ $i -eq $COMP_CWORD ]]; then
            index=$((${#words[@]} - 1))
        fi
        rest=${rest#"$word"}
    done
    local current=${words[index]} breaks=${COMP_WORDBREAKS//[^:@=]/} typed=
    if [[ -n $breaks ]]; then
        typed=${current%"${current##*[$breaks]}"}
    fi
    local IFS=$'\013' answers answer
    answers=$(_CLAP_IFS=$IFS _CLAP_COMPLETE_INDEX=$index ROLEBOOK_COMPLETE=bash rolebook -- "${words[@]}" 2>/dev/null) || return 0
    COMPREPLY=()
    for answer in $answers; do
        COMPREPLY+=("${answer#"$typed"}")
    done
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -o default -F _rolebook rolebook
