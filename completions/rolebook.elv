set edit:completion:arg-completer[rolebook] = { |@words|
    # The answers are ended by NUL; Elvish quotes them.
    env ROLEBOOK_COMPLETE=elvish rolebook -- $@words 2>/dev/null | from-terminated "\x00"
}
