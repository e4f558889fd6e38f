#!/bin/sh
# Makes the pages that the browser tests open, in the folder that is the argument. Needs `rolebook` on the PATH.
set -eu
pages=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset XDG_DATA_HOME XDG_CONFIG_HOME ROLEBOOK_AS
mkdir -p "$pages" "$work/home"
export HOME="$work/home" ROLEBOOK_STORE="$work/studio.db"
cd "$work"

sh "$here/../../examples/studio.sh" >/dev/null
rolebook audit report --since 3 -o html --out "$pages/report.html"
rolebook audit review start q3 --all --reviewer dana --due 30d >/dev/null
rolebook audit review export q3 -o html --out "$pages/review.html"

rolebook account add '<img src=x onerror=alert(1)>' >/dev/null
rolebook group add '<script>alert(2)<' >/dev/null
rolebook group add-member '<script>alert(2)<' '<img src=x onerror=alert(1)>' --reason '<b onmouseover=alert(3)>' >/dev/null
rolebook share grant 'node1:/</script><script>alert(4)' 'group:<script>alert(2)<' --permission view --admin >/dev/null
rolebook audit report --since 3 -o html --out "$pages/hostile.html"
rolebook perm explain '<img src=x onerror=alert(1)>' download 'node1:/</script><script>alert(4)' --graph svg > "$pages/graph.svg"
rolebook perm explain '<img src=x onerror=alert(1)>' download 'node1:/</script><script>alert(4)' --graph dot > "$pages/graph.dot"

# 100,000 bindings.
export ROLEBOOK_STORE="$work/large.db"
rolebook init >/dev/null
awk 'BEGIN {
    print "{\"manifest\":{\"version\":1}}"
    print "{\"account\":{\"name\":\"root\",\"role\":\"admin\"}}"
    for (i = 0; i < 5000; i++) printf "{\"account\":{\"name\":\"person%d\"}}\n", i
    for (i = 0; i < 100; i++) printf "{\"group\":{\"name\":\"team%d\"}}\n", i
    for (i = 0; i < 5000; i++) printf "{\"member\":{\"of\":\"group:team%d\",\"user\":\"person%d\"}}\n", i % 100, i
    print "{\"endpoint\":{\"name\":\"node1\",\"kind\":\"node\",\"node-version\":\"4.4\",\"roles\":{\"administrator\":[\"root\"]}}}"
    for (i = 0; i < 9499; i++) for (j = 0; j < 10; j++)
        printf "{\"share\":{\"item\":\"node1:/projects/p%d\",\"principal\":\"person%d\",\"permission\":[\"browse\",\"download\"]}}\n", i, (i * 7 + j * 501) % 5000
}' > large.jsonl
rolebook apply large.jsonl --yes --quiet >/dev/null
rolebook audit report -o html --out "$pages/report-large.html"
