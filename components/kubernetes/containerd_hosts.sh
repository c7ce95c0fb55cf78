# Write one part of containerd's configuration of a registry on this node, keep it as it should be, and delete it when the
# DaemonSet goes. https://github.com/containerd/containerd/blob/main/docs/hosts.md
#
# REGISTRY is the registry's address, and PART is `mirror`, `registry` or `<namespace>-fallback`. OWNER is the namespace of
# the stack that owns the part, as no two stacks of a cluster have the same one. A part is the files `<OWNER>.<PART>.toml`,
# `….crt` and `….behind` beside hosts.toml. A writer never changes or deletes the parts of others.
#
# What keeps it from that is the container's termination message, which the readiness probe shows too. A container that has
# nothing on the node ends then, and Kubernetes starts it again; another one goes on, as only it can delete its files.
#
# hosts.toml is composed of all parts: the mirror's text, else the registry's, else a fallback's, and then the tables of
# every fallback. It is moved into place, so that containerd never reads half of it; containerd reads it at each pull and
# needs no restart. It may hold passwords, so it is readable by root alone.
set -u
umask 077
mark='# Written by Hero. It goes with the DaemonSet that wrote it.'
folder="/certs.d/$REGISTRY"
# The same as the node calls it.
on_node="${1:-/certs.d}/$REGISTRY"
own="${OWNER:+$OWNER.}$PART"
seconds_between_checks=5

complain() { # MESSAGE HINT
    printf 'cannot configure %s on this node: %s\nhint: %s\n' "$REGISTRY" "$1" "$2" > /dev/termination-log
    return 1
}

# An empty file is what a full disk leaves.
is_of_another_tool() {
    [ -s "$folder/hosts.toml" ] && ! head -n 1 "$folder/hosts.toml" | grep -qxF "$mark"
}

check_owner() {
    if is_of_another_tool; then
        complain "$on_node/hosts.toml was written by somebody else" "delete that file, or set nodes: false"
        return
    fi
    case $PART in *fallback) return 0 ;; esac
    for other in "$folder"/*."$PART.toml"; do
        [ -e "$other" ] && [ "$other" != "$folder/$own.toml" ] || continue
        other=${other##*/}
        other=${other%.toml}
        complain "the stack of namespace ${other%.*} has configured it already" \
            "use another domain or port; if that stack is gone, delete $on_node/$other.*"
        return
    done
}

# Set `composed` to what hosts.toml should be; 1 where no part is left, 2 where a part cannot be read.
compose() {
    for text in "$folder"/*mirror.toml "$folder"/*registry.toml "$folder"/*fallback.toml; do
        [ -e "$text" ] || continue
        composed=$(cat "$text") || return 2
        for table in "$folder"/*.behind; do
            [ -e "$table" ] || continue
            # With a table in it twice, containerd would read nothing of the file, and pull nothing.
            printf '%s\n' "$composed" | awk '/^\[/ && seen[$0]++ { exit 9 }' - "$table"
            [ $? = 9 ] || composed=$(printf '%s\n' "$composed"; cat "$table") || return 2
        done
        return 0
    done
    return 1
}

update_hosts() {
    is_of_another_tool && return
    compose
    case $? in
    0) printf '%s\n' "$composed" | put "$folder/hosts.toml" ;;
    1)
        rm -f "$folder/hosts.toml" "$folder/hosts.toml.new"
        rmdir "$folder" 2>/dev/null
        return 0
        ;;
    *) return 1 ;;
    esac
}

# Nothing is written where nothing would change.
put() { # FILE, with the text of standard input
    text=$(cat)
    printf '%s\n' "$text" | cmp -s - "$1" && return
    printf '%s\n' "$text" > "$1.new" && mv "$1.new" "$1"
}

copy() { # FROM TO
    cmp -s "$1" "$2" && return
    cp "$1" "$2.new" && mv "$2.new" "$2"
}

write_part() {
    mkdir -p -m 755 "$folder" || return
    for each in /told/*.crt /told/*.behind; do
        if [ -s "$each" ]; then
            copy "$each" "$folder/$own.${each##*/}" || return
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
    check_owner || return
    cause=$({ write_part && update_hosts; } 2>&1) ||
        complain "its files cannot be written: $cause" "look at the node's disk and at $on_node"
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
said=
while :; do
    if locked apply; then
        [ ! -s /dev/termination-log ] || : > /dev/termination-log
        said=
    else
        if [ "$said" != "$(cat /dev/termination-log)" ]; then
            said=$(cat /dev/termination-log)
            echo "$said"
        fi
        [ -e "$folder/$own.toml" ] || exit 1
    fi
    sleep "$seconds_between_checks" &
    wait $!
done
