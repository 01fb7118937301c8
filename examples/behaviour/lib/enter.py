"""enter.py ROOT UID GID DIRECTORY PROGRAM ARGUMENT...: becomes a process of the container, with nothing of the container's help.

Its environment is what CONTAINER_ENVIRONMENT holds, a variable a line, and no more: what starts Python here may add some of its own.
"""
import os
import sys

root, uid, gid, directory, program = sys.argv[1:6]
environment = dict(line.split('=', 1) for line in os.environ['CONTAINER_ENVIRONMENT'].splitlines())
os.chroot(root)
os.chdir(directory)
os.setgroups([])
os.setgid(int(gid))
os.setuid(int(uid))
os.execve(program, [program] + sys.argv[6:], environment)
