
set edit:completion:arg-completer[rolebook] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) ROLEBOOK_COMPLETE="elvish" rolebook -- $@words) | to-lines
}
