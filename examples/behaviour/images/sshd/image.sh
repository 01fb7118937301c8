# A server that starts helpers by path, asks PAM, and hands its users a shell.
packages="openssh-server"
bars="42 24" # PAM runs the scripts of the message of the day, by env and run-parts.
config='{"Entrypoint":["/usr/sbin/sshd"],"Cmd":["-D","-e","-p","18095"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'
application() {
  in_root "$root" sh -c 'useradd --create-home --shell /bin/bash guest && echo guest:secret | chpasswd && mkdir -p /run/sshd &&
    ssh-keygen -q -t ed25519 -N "" -f /root/key && install -d -m 700 -o guest -g guest /home/guest/.ssh && install -m 600 -o guest -g guest /root/key.pub /home/guest/.ssh/authorized_keys'
}
