complete --keep-order --exclusive --command rolebook --arguments "(ROLEBOOK_COMPLETE=fish rolebook -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
