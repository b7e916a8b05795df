# Shared by build, up, down and in: where things are, and how they are started and found again.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=${FIRSTHAND_CLUSTER_STATE:-/var/tmp/firsthand-cluster}
bin=${XDG_CACHE_HOME:-$HOME/.cache}/firsthand/cluster-bin
namespace=firsthand-cluster
cgroup=firsthand-cluster
node_ip=10.250.0.1
service_range=10.251.0.0/16
pod_range=10.252.0.0/16
dns_ip=10.251.0.10
registry=$node_ip:5000

say() { printf '%s\n' "cluster: $*" >&2; }

# impossible WHY: ends with 77, which means "skipped": this machine cannot have a cluster.
impossible() {
  say "skipped: $*"
  exit 77
}

# Everything of the cluster runs in its own network namespace, without a default route: nothing can leave.
# nsenter and not `ip netns exec`: that one unshares mounts too, and then the kubelet and containerd no
# longer see each other's volumes.
inside() { nsenter --net="/run/netns/$namespace" -- "$@"; }

kubectl() { inside env KUBECONFIG="$state/admin.kubeconfig" "$bin/kubectl" "$@"; }

# start NAME COMMAND…: in the background, once; its pid and its log are kept under its name.
start() {
  local name=$1
  shift
  running "$name" && return
  (
    cd "$state"
    setsid nsenter --net="/run/netns/$namespace" -- "$@" >"$state/log/$name" 2>&1 </dev/null 9>&- &
    echo $! >"$state/pid/$name"
  )
}

# running NAME: a pid that outlived a restart of the machine belongs to another program by now, and that
# one is not in our network namespace.
running() {
  local pid
  pid=$(cat "$state/pid/$1" 2>/dev/null) || return
  [ "/proc/$pid/ns/net" -ef "/run/netns/$namespace" ]
}

# await NAME WHAT SECONDS COMMAND…: until the command succeeds. Else, or as soon as any program has ended,
# shows the end of the log that matters, and ends.
await() {
  local name=$1 what=$2 end=$((SECONDS + $3)) log
  shift 3
  until "$@" >/dev/null 2>&1; do
    # One that has just been started is not in our network for a moment.
    if [ $SECONDS -ge $end ] || { [ -n "$(ended)" ] && sleep 0.3 && [ -n "$(ended)" ]; }; then
      for log in $(ended | grep . || echo "$name"); do
        say "$what did not come; the end of $state/log/$log:"
        tail -n 25 "$state/log/$log" >&2
      done
      exit 1
    fi
    sleep 0.1
  done
}

# ended: the programs that were started and run no more.
ended() {
  local pid
  for pid in "$state"/pid/*; do
    [ ! -e "$pid" ] || running "${pid##*/}" || echo "${pid##*/}"
  done
}

# Only one up or down at a time; the lock ends with the script.
alone() {
  exec 9>"$state.lock"
  flock -w 120 9 || { say "another up or down has held $state.lock for two minutes"; exit 1; }
}
