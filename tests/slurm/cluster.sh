# Sourced: a real Slurm of two nodes on this machine's loopback, its daemons children of
# this shell and all their files in one folder.  No system service is touched.
# shellcheck shell=bash

slurm_daemons=()

# Ports that nobody listens on, as many as asked for.
free_ports() {
    local port
    for port in $(shuf -i 20000-29999 -n 200); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
        echo "$port"
        [ $((--wanted)) -gt 0 ] || return 0
    done
    return 1
}

slurm_configure() {
    local dir=$1 user host ports
    user=$(id -un) host=$(hostname -s)
    mapfile -t ports < <(wanted=3 free_ports)
    cat >"$dir/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
CredType=cred/munge
# cred_expire is also how long a requeued job waits: 120 s by default.
AuthInfo=socket=$dir/munge/socket,cred_expire=5
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool.%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,batch_sched_delay=0
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
KillWait=5
# Four slots a node, whatever the machine has.
SlurmdParameters=config_overrides
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[1]} CPUs=4 State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[2]} CPUs=4 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=60 State=UP
CONF
}

# daemon LOG COMMAND ...
slurm_daemon() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 &
    slurm_daemons+=($!)
}

# await SECONDS COMMAND ...
await() {
    local tries=$(($1 * 10))
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ $((tries--)) -gt 0 ] || return 1
        sleep 0.1
    done
}

slurm_idle() { [ "$(sinfo -h -N -o %T | grep -c '^idle')" -eq 2 ]; }

slurm_start() {
    local dir=$1 node
    mkdir -p "$dir/state" "$dir/spool.n1" "$dir/spool.n2"
    mkdir -m 0711 "$dir/munge"
    (umask 077 && head -c 1024 /dev/urandom >"$dir/munge/key")
    slurm_configure "$dir"
    export SLURM_CONF=$dir/slurm.conf
    slurm_daemon "$dir/munged.log" munged --foreground --force --origin 127.0.0.1 \
        --socket "$dir/munge/socket" --key-file "$dir/munge/key" --seed-file "$dir/munge/seed" \
        --pid-file "$dir/munge/pid" --log-file "$dir/munge/log"
    await 10 munge -S "$dir/munge/socket" -n || return 1
    slurm_daemon "$dir/slurmctld.log" slurmctld -D -c
    for node in n1 n2; do
        slurm_daemon "$dir/slurmd.$node.log" slurmd -D -N $node
    done
    await 20 slurm_idle
}

slurm_empty() { [ -z "$(squeue -h)" ]; }

# Ends the jobs, then the daemons in the order they were started in, backwards.
slurm_stop() {
    local i
    [ ${#slurm_daemons[@]} -gt 0 ] || return 0
    scancel --full --signal=KILL --user="$(id -un)" >/dev/null 2>&1
    scancel --user="$(id -un)" >/dev/null 2>&1
    await 10 slurm_empty || true
    for ((i = ${#slurm_daemons[@]} - 1; i >= 0; i--)); do
        kill "${slurm_daemons[i]}" 2>/dev/null || true
        wait "${slurm_daemons[i]}" 2>/dev/null || true
    done
    slurm_daemons=()
}
