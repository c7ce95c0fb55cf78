# Write one part of containerd's configuration of a registry on this node, keep it as it should be, and delete it when the
# DaemonSet goes. https://github.com/containerd/containerd/blob/main/docs/hosts.md
#
# REGISTRY is the registry's address, and PART is `mirror`, `registry` or `<namespace>-fallback`. OWNER is the namespace of
# the stack that owns the part, as no two stacks of a cluster have the same one. A part is the files `<OWNER>.<PART>.toml`,
# `….crt` and `….behind` beside hosts.toml. A writer never changes or deletes the parts of others.
#
# hosts.toml is composed of all parts: the mirror's text, else the registry's, else a fallback's, and then the tables of
# every fallback. It is moved into place, so that containerd never reads half of it; containerd reads it at each pull and
# needs no restart. It may hold passwords, so it is readable by root alone.
set -u
umask 077
mark='# Written by Hero. It goes with the DaemonSet that wrote it.'
folder="/certs.d/$REGISTRY"
own="${OWNER:+$OWNER.}$PART"
seconds_between_checks=5

# Kubernetes shows the message as the cause of the container's end, and restarts it.
complain() { # MESSAGE HINT
    printf 'cannot configure %s on this node: %s\nhint: %s\n' "$REGISTRY" "$1" "$2" | tee /dev/termination-log
    exit 1
}

# An empty file is what a full disk leaves.
check_owner() {
    if [ -s "$folder/hosts.toml" ] && ! head -n 1 "$folder/hosts.toml" | grep -qxF "$mark"; then
        complain "$folder/hosts.toml was written by somebody else" "delete that file, or set nodes: false"
    fi
    case $PART in *fallback) return ;; esac
    for other in "$folder"/*."$PART.toml"; do
        [ -e "$other" ] && [ "$other" != "$folder/$own.toml" ] || continue
        other=${other##*/}
        other=${other%.toml}
        complain "the stack of namespace ${other%.*} has configured it already" \
            "use another domain or port; if that stack is gone, delete $folder/$other.*"
    done
}

# hosts.toml as it should be, to standard output; 1 where no part is left, 2 where a part cannot be read.
compose() {
    for text in "$folder"/*mirror.toml "$folder"/*registry.toml "$folder"/*fallback.toml; do
        [ -e "$text" ] || continue
        cat "$text" > "$folder/hosts.toml.new" || return 2
        for table in "$folder"/*.behind; do
            [ -e "$table" ] || continue
            # With a table in it twice, containerd would read nothing of the file, and pull nothing.
            awk '/^\[/ && seen[$0]++ { exit 9 }' "$folder/hosts.toml.new" "$table"
            [ $? = 9 ] || cat "$table" >> "$folder/hosts.toml.new" || return 2
        done
        return 0
    done
    return 1
}

update_hosts() {
    compose
    case $? in
    0)
        if cmp -s "$folder/hosts.toml.new" "$folder/hosts.toml"; then
            rm -f "$folder/hosts.toml.new"
        else
            mv "$folder/hosts.toml.new" "$folder/hosts.toml"
        fi
        ;;
    1)
        rm -f "$folder/hosts.toml" "$folder/hosts.toml.new"
        rmdir "$folder" 2>/dev/null
        return 0
        ;;
    *) return 1 ;;
    esac
}

put() { # FILE, with the content of standard input
    cat > "$1.new" || return
    if cmp -s "$1.new" "$1"; then
        rm -f "$1.new"
    else
        mv "$1.new" "$1"
    fi
}

write_part() {
    mkdir -p -m 755 "$folder" || return
    for each in /told/*.crt /told/*.behind; do
        if [ -s "$each" ]; then
            put "$folder/$own.${each##*/}" < "$each" || return
        else
            rm -f "$folder/$own.${each##*/}"
        fi
    done
    # The text names a certificate beside it.
    { echo "$mark"; sed "s|^\( *ca = \"\)|\1${OWNER:+$OWNER.}|" /told/hosts.toml; } | put "$folder/$own.toml"
}

locked() { # COMMAND...: one writer of this node at a time
    (
        flock 9
        "$@"
    ) 9< /certs.d
}

apply() {
    check_owner
    cause=$({ write_part && update_hosts; } 2>&1) && return
    complain "its files cannot be written: $cause" "look at the node's disk and at $folder"
}

delete_part() {
    rm -f "$folder/$own".*
    update_hosts
}

leave() {
    locked delete_part
    exit 0
}

trap leave TERM INT
while :; do
    locked apply || exit 1
    sleep "$seconds_between_checks" &
    wait $!
done
