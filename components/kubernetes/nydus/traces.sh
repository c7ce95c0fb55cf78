# How a node is left as if the snapshotter had never been there; a part of node.sh.

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
