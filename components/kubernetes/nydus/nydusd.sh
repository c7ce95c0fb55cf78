#!/bin/sh
# How the snapshotter starts nydusd: out of this pod, since it serves pods that run on when this one ends.
# STATE, NAME and NODE are inherited from node.sh.
program=$STATE/bin/nydusd
case "$*" in *--version*) exec nsenter -t "$NODE" -m -- "$program" "$@" ;; esac

groups=/proc/$NODE/root/sys/fs/cgroup
if [ -e "$groups/cgroup.controllers" ]; then
    mkdir -p "$groups/$NAME"
    echo $$ >"$groups/$NAME/cgroup.procs"
else
    for group in "$groups"/*/cgroup.procs; do
        echo $$ >"$group"
    done
fi

# Whatever would still hold the pod's output keeps its container from ending.
identifier=$(echo "$*" | sed -n 's/.*--id \([^ ]*\).*/\1/p')
mkdir -p "$STATE/logs/$identifier"
exec nsenter -t "$NODE" -m -n -- "$program" "$@" --rlimit-nofile 0 --log-file "$STATE/logs/$identifier/nydusd.log" \
    </dev/null >/dev/null 2>&1
