function __rolebook_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    # Quotes are taken off; nothing is expanded. fish quotes the answers.
    set -l plain (string unescape -- "$current")
    or set plain (string replace --regex -- '^[\'"]' '' "$current")
    ROLEBOOK_COMPLETE=fish command rolebook -- $words "$plain" 2>/dev/null
end
complete --keep-order --exclusive --command rolebook --arguments '(__rolebook_complete | string split0)'
