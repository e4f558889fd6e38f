#!/bin/sh
# Makes a post-production studio from nothing: three account roles, two workgroups, one dropbox with an outside
# vendor, an organization, endpoints with shared folders. The store is `studio.db` in the current folder, or what
# ROLEBOOK_STORE names; `rolebook` must be on the PATH. Secrets that are shown once are left in files of the current
# folder, such as link.txt: the vendor's private link.
set -eu
umask 077
export ROLEBOOK_STORE="${ROLEBOOK_STORE:-$PWD/studio.db}"

rolebook init

# Three account roles: an admin, a manager, and people who send and receive. The operator makes the
# first admin; from then on people act for themselves, and every rule applies to them.
rolebook account add alice --role admin --email alice@example.com --reason "opens the studio"
rolebook account add dana --role manager --email dana@example.com --as alice
for name in bob carol eve; do
    rolebook account add "$name" --email "$name@example.com" --as dana
done

# Editors come and go as one group; the night shift is part of it.
rolebook group add editors --as dana
rolebook group add night-shift --as dana
rolebook group add-member editors bob --as dana
rolebook group add-member night-shift eve --as dana

# Two workgroups. Colour: members send, see each other, and Carol runs it. Dailies: everybody sends.
rolebook workgroup add color --send members --member-access all --admins-manage-members --admins-create-users --as dana
rolebook workgroup add-member color carol group:editors --as dana
rolebook workgroup add-admin color carol --as dana
rolebook workgroup add-member color bob --as carol
rolebook workgroup add dailies --send anyone --as dana
rolebook workgroup add-member dailies group:editors group:night-shift --as dana

# One dropbox, for a vendor outside: one private link, for one upload within a week.
rolebook server set --public-links allow --as alice
rolebook dropbox add intake --as dana
rolebook dropbox add-member intake carol --as dana
rolebook dropbox add-admin intake carol --as dana
rolebook dropbox add-member intake eve --level submit-only --as dana
rolebook dropbox invite intake vendor@example.com --expires 7d --after-one-upload --as carol --columns secret -o tsv --no-headers > link.txt
rolebook dropbox submit intake --title "Reel 3" --file reel3.mov:123456789 --link - < link.txt

rolebook package send --title "Dailies, day 1" --to workgroup:color --to bob --file day01.mov:734003200 --as carol

# An organization with its workspaces, a bucket, and a node where people share what they hold.
sh "$(dirname "$0")/organization.sh"
sh "$(dirname "$0")/endpoints.sh"

# Who may do what, and why?
rolebook perm explain bob upload archive:/masters/reel1.mov
rolebook perm explain eve download node1:/projects/reel3.mov || true
