#!/usr/bin/env bash
# The sandbox's tiers on a kernel with control groups version 2 and an older Landlock: Debian 12's own, in a virtual
# machine. Tries `hpcraft sandbox check` there as root, as an ordinary user with a delegated control group, and as one
# where user namespaces are switched off (the tier landlock).
#
# Usage: [ACCELERATOR=kvm] benchmarks/virtual_machine.sh [FOLDER]     (root; apt-get install debootstrap qemu-system-x86 e2fsprogs)
#   FOLDER   where the machine's files are made and kept (default: build/virtual-machine)
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build/virtual-machine}
root=$folder/root
mkdir -p "$folder"
if [ ! -e "$root/boot/vmlinuz" ]; then
    debootstrap --variant=minbase --include=linux-image-cloud-amd64,initramfs-tools,gcc,libc6-dev,python3,bubblewrap,util-linux bookworm "$root" http://deb.debian.org/debian
    ln -sf vmlinuz-* "$root/boot/vmlinuz" 2>/dev/null || true
    (cd "$root/boot" && ln -sf vmlinuz-*-amd64 vmlinuz && ln -sf initrd.img-*-amd64 initrd.img)
fi
rm -rf "$root/opt/hpcraft"
mkdir -p "$root/opt/hpcraft/hpcraft"
cp hpcraft/*.py "$root/opt/hpcraft/hpcraft/"
cp -r sandbox "$root/opt/hpcraft/hpcraft/sandbox"
cat >"$root/opt/hpcraft/check.py" <<'EOF'
import os, sys, time
os.environ["HPCRAFT_QUIET"] = "1"
sys.path.insert(0, "/opt/hpcraft")
from hpcraft.sandbox.check import findings
from hpcraft.sandbox.isolation import choose
tier = choose("landlock").isolation
print(f"== {os.uname().release}, user {os.geteuid()}: {tier.tier}: {', '.join(tier.rests_on)}", flush=True)
for found in findings():
    print(f"   {found.promise}: {'yes' if found.kept else 'NO ' + found.detail if found.promised else 'not promised'}", flush=True)
EOF
cat >"$root/check.sh" <<'EOF'
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t cgroup2 cgroup2 /sys/fs/cgroup; mount -t tmpfs tmp /tmp; chmod 1777 /tmp
mkdir -p /dev/shm; mount -t tmpfs shm /dev/shm; ip link set lo up 2>/dev/null
mkdir -p /tmp/root /tmp/user; chown 1000:1000 /tmp/user
echo "+memory +pids +cpu" >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/root /sys/fs/cgroup/user
in_group() { group=$1; shift; sh -c 'echo $$ >/sys/fs/cgroup/'$group'/cgroup.procs; exec "$@"' sh "$@"; }
as_user() { setpriv --reuid 1000 --regid 1000 --clear-groups env -i HOME=/tmp/user PATH=/usr/bin:/bin "$@"; }
in_group root env -i HOME=/tmp/root PATH=/usr/bin:/bin python3 /opt/hpcraft/check.py
chown 1000:1000 /sys/fs/cgroup/user /sys/fs/cgroup/user/cgroup.procs /sys/fs/cgroup/user/cgroup.subtree_control /sys/fs/cgroup/user/cgroup.threads
echo 1 >/proc/sys/kernel/unprivileged_userns_clone
in_group user setpriv --reuid 1000 --regid 1000 --clear-groups env -i HOME=/tmp/user PATH=/usr/bin:/bin python3 /opt/hpcraft/check.py
as_user python3 /opt/hpcraft/check.py
echo 0 >/proc/sys/user/max_user_namespaces
as_user python3 /opt/hpcraft/check.py
echo "== leftover groups: $(find /sys/fs/cgroup -name 'hpcraft-box-*' | wc -l)"
sync; echo o >/proc/sysrq-trigger; sleep 60
EOF
chmod +x "$root/check.sh"
mke2fs -q -F -t ext4 -d "$root" "$folder/disk.img" 2G
accelerator=${ACCELERATOR:-tcg} # kvm where it works
timeout 1500 qemu-system-x86_64 -accel "$accelerator" -cpu max,-arch-capabilities -smp 2 -m 3072 -nographic -no-reboot \
    -kernel "$root/boot/vmlinuz" -initrd "$root/boot/initrd.img" -drive "file=$folder/disk.img,if=virtio,format=raw" \
    -append "root=/dev/vda rw console=ttyS0 loglevel=4 init=/check.sh" | tr -d '\r' | tee "$folder/console.log"
