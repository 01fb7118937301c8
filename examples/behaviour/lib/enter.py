"""enter.py ROOT UID GID DIRECTORY PROGRAM ARGUMENT...: becomes a process of the container, with nothing of the container's help."""
import os
import sys

root, uid, gid, directory, program = sys.argv[1:6]
os.chroot(root)
os.chdir(directory)
os.setgroups([])
os.setgid(int(gid))
os.setuid(int(uid))
os.execve(program, [program] + sys.argv[6:], os.environ)
