#!/bin/sh
# The studio's endpoints, with content and shares: a private bucket whose access the editors manage, and
# a transfer server where people share what they hold. studio.sh runs it.
set -eu

# The creator of an endpoint administers it. The editors manage who reads and writes the archive.
rolebook endpoint add archive --kind s3 --private --as alice
rolebook endpoint add-role archive access-manager group:editors --as alice
rolebook share grant archive:/open authenticated --permission view --as bob

# On a node people share what they hold, and never more: Alice owns, Carol edits, Eve looks.
rolebook endpoint add node1 --kind node --node-version 4.4.6 --as alice
rolebook content add node1:/projects --owner alice --as alice
rolebook content upload node1:/projects/reel3.mov --size 123456789 --as alice
rolebook content upload node1:/projects/day01 --type folder --file a.mov:1000 --file b.mov:2000 --as alice
rolebook share grant node1:/projects bob --permission browse,download --expires 2027-01-01 --as alice
rolebook share grant node1:/projects carol --permission edit --as alice
rolebook share grant node1:/projects/day01 eve --permission view --as carol
