#!/bin/sh
# What the DaemonSet's pod does on its node: it tells containerd of the snapshotter, runs it, and, when the DaemonSet goes
# and not only this pod, takes everything away again. docs/decisions/0010-the-nydus-snapshotter.md says why it is so.
#
# NAME is that of the RuntimeClass and of all that is ours on a node. STATE and RUN are folders there and here.
set -u

mark="# Written by Hero for $NAME. It goes with the DaemonSet that wrote it."
programs=${ARTIFACTS:-/opt/nydus-artifacts/usr/local/bin}
told=${TOLD:-/told}
complaint=${COMPLAINT:-/tmp/complaint}
seconds_between_tries=5

# Why this node cannot be served yet; whoever asks whether the pod is ready is told so. The pod stays, since only a pod
# that runs can take away what it has written.
complain() { # WORDS
    echo "$*" | tee "$complaint" >&2
    return 1
}

# The shim of this very pod: a process of the node that is there as long as this one, in whose mounts the node's files and
# programs are. It also says by which socket its containerd is reached, where there are several.
find_node() {
    NODE=$$
    while [ "$NODE" -gt 1 ]; do
        NODE=$(awk '/^PPid:/ {print $2}' "/proc/$NODE/status")
        line=$(tr '\0' ' ' <"/proc/$NODE/cmdline")
        case $line in
        *containerd-shim*" -address "*)
            address=$(echo "$line" | sed 's/.* -address \([^ ]*\).*/\1/')
            host=/proc/$NODE/root
            export NODE
            return 0
            ;;
        esac
    done
    complain "this pod has not been started by containerd"
}

on_node() {
    nsenter -t "$NODE" -m -n -- "$@"
}

. "$told/containerd.sh"
. "$told/traces.sh"

# nydusd serves pods that run, so it is a process of the node and not of this pod: it has a copy of the program there, the
# node's mounts and network, and a control group that does not end with the pod's containers.
install_programs() {
    mkdir -p "$STATE/bin"
    cp "$programs/nydusd" "$STATE/bin/nydusd.new"
    mv "$STATE/bin/nydusd.new" "$STATE/bin/nydusd"
    cp "$told/nydusd.sh" "$STATE/bin/nydusd.sh"
    chmod 755 "$STATE/bin/nydusd" "$STATE/bin/nydusd.sh"
    cp "$told/config.toml" "$told/nydusd.json" "$STATE/"
    rm -rf "$STATE/certs.d"
    mkdir -p "$STATE/certs.d/$REGISTRY"
    cp "$told/hosts.toml" "$STATE/certs.d/$REGISTRY/"
    [ ! -s "$told/ca.crt" ] || cp "$told/ca.crt" "$STATE/ca.crt"
}

stop_snapshotter() {
    [ -n "${snapshotter:-}" ] || return 0
    kill "$snapshotter" 2>/dev/null
    wait "$snapshotter" 2>/dev/null
}

# Only a definite yes counts: whoever cannot ask leaves everything as it is. kubectl's own option for a time-out would make
# it forget that it is in a cluster.
is_daemon_set_going() {
    said=$(timeout 15 kubectl --namespace "$NAMESPACE" get daemonset "$NAME" \
        --output 'jsonpath={.metadata.deletionTimestamp}' 2>&1)
    code=$?
    case $said in *'(NotFound)'*) return 0 ;; esac
    [ "$code" = 0 ] || echo "whether the DaemonSet goes cannot be asked: $said" >&2
    [ "$code" = 0 ] && [ -n "$said" ]
}

leave() {
    if is_daemon_set_going; then
        leave_no_trace
    else
        echo "only this pod goes: what runs from Nydus images goes on"
        stop_snapshotter
    fi
    exit 0
}

prepare() {
    find_node || return 1
    [ -e "$host/dev/fuse" ] || complain "this node has no /dev/fuse: modprobe fuse" || return 1
    mkdir -p "$STATE" "$RUN"
    install_programs && tell_containerd
}

# In the background, so that whoever ends this pod need not wait.
pause() {
    sleep "$seconds_between_tries" &
    wait $!
}

run() {
    trap leave TERM INT
    until prepare; do pause; done
    while :; do
        rm -f "$complaint"
        "$programs/containerd-nydus-grpc" --config "$STATE/config.toml" &
        snapshotter=$!
        wait "$snapshotter"
        complain "the snapshotter has ended by itself, with code $?"
        pause
    done
}

is_ready() {
    [ ! -s "$complaint" ] || { cat "$complaint"; return 1; }
    [ -S "$RUN/containerd-nydus-grpc.sock" ] || { echo "the snapshotter starts"; return 1; }
}

# Tests call one thing at a time.
"${@:-run}"
