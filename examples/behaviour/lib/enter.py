"""enter.py ROOT UID GID DIRECTORY PROGRAM ARGUMENT...: becomes a process of the container, with nothing of the container's help.

Its environment is what CONTAINER_ENVIRONMENT holds, a variable a line, and no more: what starts Python here may add some of its own.
What it and its children open and start is added to the file TRACE, if that is set.
"""
import os
import subprocess
import sys
import time

root, uid, gid, directory, program = sys.argv[1:6]
environment = dict(line.split('=', 1) for line in os.environ['CONTAINER_ENVIRONMENT'].splitlines())

# Beside the process and with none of its files open, so that nobody waits for the tracer.
if os.environ.get('TRACE'):
    calls = 'open,openat,openat2,execve,execveat'
    strace = ['strace', '-f', '-qq', '-y', '-s', '4096', '-e', f'trace={calls}', '-e', 'status=successful', '-e', 'signal=none']
    strace += ['-A', '-o', os.environ['TRACE'], '-p', str(os.getpid())]
    nothing = subprocess.DEVNULL
    subprocess.run(['sh', '-c', '"$@" &', 'sh', *strace], stdin=nothing, stdout=nothing, stderr=nothing, check=True)
    while 'TracerPid:\t0\n' in open('/proc/self/status').read():
        time.sleep(0.01)
os.chroot(root)
os.chdir(directory)
os.setgroups([])
os.setgid(int(gid))
os.setuid(int(uid))
os.execve(program, [program] + sys.argv[6:], environment)
