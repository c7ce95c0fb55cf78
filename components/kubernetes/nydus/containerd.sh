# How containerd learns of the snapshotter, and forgets it; a part of node.sh.

owed=$STATE/restart-owed
# With a star, so that containerd starts all the same where the file is gone.
ours="$STATE/containerd*.toml"
seconds_for_a_restart=60

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
