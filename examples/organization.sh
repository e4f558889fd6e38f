#!/bin/sh
# The studio's organization: an admin, a member, two workspaces, and what lies in them. studio.sh runs
# it. A pending invitation is left in invitation.txt, an access token in token.txt, the stream key in
# stream-key.txt, the private half of the signing key in signing-key.txt.
set -eu
umask 077

# Alice creates it, and so is its first admin.
rolebook org add acme --description "Films for everybody" --as alice
rolebook workspace add acme/prod --description "What viewers see" --as alice
rolebook workspace add acme/staging --root-upload deny --as alice

# Bob is invited and accepts; Dana is invited and has not answered yet.
rolebook org invite acme bob@example.com --role member --workspace prod --as alice --columns secret -o tsv --no-headers > invitation.txt
rolebook org accept acme --secret - --as bob < invitation.txt
rolebook org invite acme dana@example.com --role member --workspace prod --as alice --columns secret -o tsv --no-headers > invitation.txt

# Members see the media and the live streams of their workspaces; of tokens and keys they see nothing.
rolebook media add acme/prod reel-3 --title "Reel 3" --as alice
rolebook stream add acme/prod premiere --title "The premiere" --as alice > stream-key.txt
rolebook access-token create acme/prod --mode read-write --as alice --columns secret -o tsv --no-headers > token.txt
rolebook signing-key create acme/prod --as alice > signing-key.txt
