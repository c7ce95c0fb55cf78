#!/bin/sh
# What the DaemonSet's pod does on its node: it tells containerd of the snapshotter, runs it, and, when the DaemonSet goes
# and not only this pod, takes everything away again. docs/decisions/0010-the-nydus-snapshotter.md says why it is so.
#
# NAME is that of the RuntimeClass and of all that is ours on a node. STATE and RUN are folders there and here.
set -u

mark="# Written by Hero for $NAME. It goes with the DaemonSet that wrote it."
programs=${ARTIFACTS:-/opt/nydus-artifacts/usr/local/bin}
told=${TOLD:-/told}
owed=$STATE/restart-owed
# With a star, so that containerd starts all the same where the file is gone.
ours="$STATE/containerd*.toml"
complaint=${COMPLAINT:-/tmp/complaint}
seconds_between_tries=5
seconds_for_a_restart=60

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

# --- containerd -------------------------------------------------------------------------------------------------------

find_containerd() {
    for each in /proc/[0-9]*; do
        [ "$(cat "$each/comm" 2>/dev/null)" = containerd ] || continue
        containerd=$(readlink "$each/exe" | sed 's/ (deleted)$//')
        configuration=$(tr '\0' '\n' <"$each/cmdline" | awk '
            next_one {print; exit}
            /^(--config|-config|-c)=/ {sub(/^[^=]*=/, ""); print; exit}
            /^(--config|-config|-c)$/ {next_one = 1}')
        configuration=${configuration:-/etc/containerd/config.toml}
        containerd_process=${each#/proc/}
        if dump 2>/dev/null | awk -v wanted="address = '$address'" '
            /^ *\[/ {grpc = /\[grpc\]/}
            {sub(/^ */, "")}
            grpc && $0 == wanted {found = 1}
            END {exit !found}'; then
            return 0
        fi
    done
    return 1
}

dump() {
    on_node "$containerd" --config "$configuration" config dump
}

# A process of containerd; another one has read its configuration anew.
identity() {
    echo "$containerd_process $(awk '{print $22}' "/proc/$containerd_process/stat")"
}

# The runtime that pods have by default, under our name and with our snapshotter. A file that says version 2 has other
# names; mixed with those of version 3, containerd 2.2 forgets what the file says of the runtime.
describe() { # DUMP
    runtime=$(sed -n "s/^ *default_runtime_name = '\(.*\)'$/\1/p" "$1")
    images="plugins.'io.containerd.cri.v1.images'"
    runtimes="plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes"
    layers="disable_snapshot_annotations = false
discard_unpacked_layers = false"
    echo "$mark"
    echo "[proxy_plugins.$NAME]"
    echo "type = 'snapshot'"
    echo "address = '$RUN/containerd-nydus-grpc.sock'"
    echo "[proxy_plugins.$NAME.exports]"
    echo "root = '$STATE'"
    if grep -q '^ *version *= *2' "$host$configuration"; then
        echo "[plugins.'io.containerd.grpc.v1.cri'.containerd]"
        echo "$layers"
        echo "[$images]"
        target="plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.$NAME"
    else
        echo "[$images]"
        echo "$layers"
        target="$runtimes.$NAME"
    fi
    echo "use_local_image_pull = true"
    echo "[$images.runtime_platforms.$NAME]"
    echo "snapshotter = '$NAME'"
    awk -v from="$runtimes.$runtime" -v to="$target" -v snapshotter="snapshotter = '$NAME'" '
        /^ *\[/ {
            header = $0
            gsub(/^ *\[|\] *$/, "", header)
            inside = header == from || index(header, from ".") == 1
            if (inside) {print "[" to substr(header, length(from) + 1) "]"}
            next
        }
        !inside || !NF {next}
        {sub(/^ */, "")}
        /^snapshotter = / {print snapshotter; next}
        {print}' "$1"
}

# What containerd says of itself, without what is ours.
without_ours() { # DUMP
    awk -v name="$NAME" '
        /^ *\[/ {ours = index($0, "." name "]") || index($0, "." name ".") || /(proxy_plugins|runtime_platforms)\]$/}
        ours || !NF {next}
        /^ *(imports|disable_snapshot_annotations|discard_unpacked_layers|use_local_image_pull) = / {next}
        {print}' "$1"
}

# Where containerd looks for further files by itself; nothing where it does not.
further_files() {
    found=$(sed -n "s|^ *imports *=.*[\"']\([^\"']*\)/\*\.toml[\"'].*|\1|p" "$host$configuration" | head -n 1)
    case $found in
    '' | /*) echo "$found" ;;
    *) echo "$(dirname "$configuration")/$found" ;;
    esac
}

rewrite() { # FILE WITH: in place, since it may be mounted by itself
    cat "$2" >"$1" && rm -f "$2"
}

import_ours() {
    folder=$(further_files)
    if [ -n "$folder" ]; then
        mkdir -p "$host$folder"
        cp "$STATE/containerd.toml" "$host$folder/$NAME.toml"
        return
    fi
    is_imported && return
    if grep -q '^ *imports *= *\[' "$host$configuration"; then
        sed "s|^\( *imports *= *\[\)|\1\"$ours\", |" "$host$configuration" >"$STATE/rewritten"
    else
        { echo "imports = [\"$ours\"] $mark"; cat "$host$configuration"; } >"$STATE/rewritten"
    fi
    rewrite "$host$configuration" "$STATE/rewritten"
}

forget_import() {
    folder=$(further_files)
    [ -z "$folder" ] || rm -f "$host$folder/$NAME.toml"
    grep -qF "\"$ours\"" "$host$configuration" || return 0
    awk -v mark="$mark" 'substr($0, length($0) - length(mark) + 1) != mark' "$host$configuration" |
        sed "s|\"$STATE/containerd\*.toml\", ||" >"$STATE/rewritten"
    rewrite "$host$configuration" "$STATE/rewritten"
}

is_imported() {
    folder=$(further_files)
    if [ -n "$folder" ]; then
        cmp -s "$STATE/containerd.toml" "$host$folder/$NAME.toml"
    else
        grep -qF "\"$ours\"" "$host$configuration"
    fi
}

tell_containerd() {
    find_containerd || complain "no containerd of this node is found that listens on $address" || return 1
    case $(on_node "$containerd" --version | awk '{sub(/^v/, "", $3); print $3}') in
    0.* | 1.*)
        complain "containerd on this node is older than 2.0, where a file of ours would replace what its own says of pods"
        return 1
        ;;
    esac
    [ -s "$host$configuration" ] ||
        complain "containerd on this node has no configuration file: containerd config default > $configuration" || return 1
    dump >"$STATE/before" || complain "containerd on this node cannot read its own configuration" || return 1
    describe "$STATE/before" >"$STATE/containerd.toml.new"
    if ! cmp -s "$STATE/containerd.toml.new" "$STATE/containerd.toml" || ! is_imported; then
        identity >"$owed"
        mv "$STATE/containerd.toml.new" "$STATE/containerd.toml"
        import_ours
    fi
    rm -f "$STATE/containerd.toml.new"
    if ! dump >"$STATE/after" || ! grep -qF ".containerd.runtimes.$NAME]" "$STATE/after" ||
        [ "$(without_ours "$STATE/before")" != "$(without_ours "$STATE/after")" ]; then
        forget_import
        rm -f "$STATE/containerd.toml" "$owed"
        complain "containerd on this node would not read $configuration as before with ours beside it; it is as it was"
        return 1
    fi
    rm -f "$STATE/before" "$STATE/after"
    if [ "$(cat "$owed" 2>/dev/null)" = "$(identity)" ]; then
        restart_containerd ||
            complain "containerd on this node has to be restarted once, so that it knows of $NAME; this goes on by itself then" ||
            return 1
    fi
    rm -f "$owed"
}

# Running containers go on meanwhile: their shims are not containerd's.
restart_containerd() {
    unit=$(sed -n 's|.*/\([^/]*\.service\)$|\1|p' "/proc/$containerd_process/cgroup" | head -n 1)
    [ "$RESTART" = true ] && [ -n "$unit" ] || return 1
    before=$(identity)
    on_node systemctl restart "$unit" || return 1
    waited=0
    until find_containerd && [ "$(identity)" != "$before" ]; do
        [ "$waited" -lt "$seconds_for_a_restart" ] || return 1
        sleep 1
        waited=$((waited + 1))
    done
}

# --- the snapshotter --------------------------------------------------------------------------------------------------

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

# --- leaving no trace -------------------------------------------------------------------------------------------------

ctr() {
    on_node "$(dirname "$containerd")/ctr" --address "$address" --namespace k8s.io "$@"
}

# Images in the form of Nydus are of use to nobody else. Others, such as the sandbox's, have only been unpacked here too.
forget_images() {
    label="containerd.io/gc.ref.snapshot.$NAME"
    ctr content ls | awk -v label="$label=" 'index($0, label) {print $1}' | while read -r config; do
        target=$(ctr images ls | awk -v name="$config" '$1 == name {print $3; exit}')
        if [ -n "$target" ] && is_nydus "$target"; then
            ctr images ls | awk -v target="$target" '$3 == target {print $1}' | while read -r image; do
                ctr images rm --sync "$image"
            done
        else
            ctr content label "$config" "$label="
        fi
    done
    while :; do
        snapshots=$(ctr snapshots --snapshotter "$NAME" ls | awk 'NR > 1 {print $1}')
        gone=
        for snapshot in $snapshots; do
            # Those that others are built upon go later.
            ctr snapshots --snapshotter "$NAME" rm "$snapshot" 2>/dev/null && gone=yes
        done
        [ -n "$gone" ] || break
    done
}

is_nydus() { # DIGEST of a manifest, or of an index that has some
    text=$(ctr content get "$1")
    for each in $(echo "$text" | grep -o 'sha256:[0-9a-f]*'); do
        case $text in *'"manifests"'*) text="$text $(ctr content get "$each" 2>/dev/null)" ;; esac
    done
    case $text in *containerd.io/snapshot/nydus-*) return 0 ;; esac
    return 1
}

end_nydusd() { # SIGNAL
    for each in /proc/[0-9]*; do
        case $(readlink "$each/exe" 2>/dev/null) in
        "$STATE/bin/nydusd"*) kill "-$1" "${each#/proc/}" 2>/dev/null ;;
        esac
    done
}

wait_for_containerd() {
    find_node || return 1
    waited=0
    until find_containerd; do
        [ "$waited" -lt "$seconds_for_a_restart" ] || return 1
        sleep 1
        waited=$((waited + 1))
    done
}

leave_no_trace() {
    echo "the DaemonSet goes: this node forgets $NAME"
    if ! wait_for_containerd; then
        echo "no containerd of this node answers: nothing is taken away, so that it finds its files when it starts"
        stop_snapshotter
        return
    fi
    forget_images
    forget_import
    stop_snapshotter
    end_nydusd TERM
    sleep 2
    end_nydusd KILL
    awk -v below="$STATE/" 'index($2, below) == 1 {print $2}' /proc/self/mounts | sort -r | while read -r mounted; do
        umount -l "$mounted"
    done
    restart_containerd ||
        echo "containerd on this node still knows $NAME until it is restarted; nothing asks for it any more"
    rm -rf "${host:?}$STATE" "${host:?}$RUN"
    rmdir "$host/sys/fs/cgroup/$NAME" 2>/dev/null
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
