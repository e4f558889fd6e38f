_rolebook() {
    local words=() word spaces rest=$COMP_LINE i index=0 answer
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
    COMPREPLY=()
    # The answers are quoted by the program, each ended by NUL, and never expanded here.
    while IFS= read -r -d '' answer; do
        COMPREPLY+=("$answer")
    done < <(ROLEBOOK_COMPLETE_INDEX=$index ROLEBOOK_COMPLETE_BREAKS=${COMP_WORDBREAKS//[^:@=]/} ROLEBOOK_COMPLETE=bash \
        rolebook -- "${words[@]}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -o default -F _rolebook rolebook
