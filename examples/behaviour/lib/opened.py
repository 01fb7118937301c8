"""opened.py TRACE BEFORE AFTER PROFILE EXPECTED: what a program really opened and started, against what is left of its image.

TRACE is what lib/inside.sh wrote while it exercised the image that is unpacked at BEFORE; AFTER is the shrunk one. Prints the bytes of the
files of BEFORE that were opened or started (who removes more changes what is done), and how many of them AFTER has. What AFTER lacks and the
list EXPECTED does not hold for the PROFILE is printed too, and makes the exit status 1.
"""
import fnmatch
import os
import re
import sys

trace, before, after, profile, expected = sys.argv[1:6]
OPENED = re.compile(r'\b(?:open|openat|openat2)\((?:[^"]*, )?"([^"]*)".*= \d+<(.*)>$')
STARTED = re.compile(r'\b(?:execve|execveat)\((?:AT_FDCWD(?:<[^>]*>)?, )?"([^"]+)".*= 0$')
MOUNTED = re.compile(r'^.*?/container/root(/.*)$')  # where lib/inside.sh has the container's root


def inside(root, path):
    """The path below ROOT to which PATH leads as a process of the container sees it, or None."""
    done, todo, links = [], path.split('/'), 0
    while todo:
        part = todo.pop(0)
        if part in ('', '.'):
            continue
        if part == '..':
            done = done[:-1]
            continue
        here = '/'.join([root, *done, part])
        if os.path.islink(here):
            links += 1
            if links > 40:
                return None
            target = os.readlink(here)
            done = [] if target.startswith('/') else done
            todo = target.split('/') + todo
        elif not os.path.lexists(here):
            return None
        else:
            done.append(part)
    return '/' + '/'.join(done)


def interpreter(path):
    """What the kernel starts for the file at PATH of BEFORE: the loader of an ELF file, the program of a `#!` line; or None."""
    with open(before + path, 'rb') as file:
        start = file.read(4096)
    if start.startswith(b'#!'):
        words = start[2:].split(b'\n')[0].split()
        return words[0].decode() if words else None
    found = re.search(rb'/lib[0-9a-z]*/ld-[^\0]*', start)
    return found.group().decode() if start.startswith(b'\x7fELF') and found else None


opened, asked = set(), set()
with open(trace, errors='replace') as lines:
    for line in lines:
        line = line.rstrip('\n')
        started = STARTED.search(line)
        found = OPENED.search(line)
        if started:
            path = inside(before, started.group(1))
            while path and os.path.isfile(before + path) and path not in opened:
                opened.add(path)
                path = interpreter(path)
                path = path and inside(before, path)
        elif found:
            mounted = MOUNTED.match(found.group(2))
            if mounted:
                opened.add(mounted.group(1))
                if found.group(1).startswith('/'):
                    asked.add(found.group(1))

kept, lost, seen, gone = 0, 0, set(), []
for path in sorted(opened):
    try:
        about = os.lstat(before + path)
    except OSError:
        continue  # made while it ran
    if os.path.islink(before + path) or not os.path.isfile(before + path):
        continue
    again = about.st_ino in seen
    seen.add(about.st_ino)
    size = 0 if again else about.st_size
    if inside(after, path) is None:
        lost += size
        gone.append(path)
    else:
        kept += size
# A link by which a file was opened weighs nothing, and is missed all the same.
for path in sorted(asked):
    real = inside(before, path)
    if real and os.path.isfile(before + real) and inside(after, real) and inside(after, path) is None:
        gone.append(path)
print(f'{(kept + lost) / 1e6:.1f} MB were opened, of which {kept / 1e6:.1f} are left')

with open(expected) as file:
    rows = [line.split('\t') for line in file if line.strip() and not line.startswith('#')]
patterns = [pattern for of, pattern, _ in rows if of in ('*', profile)]
gone = [path for path in gone if not any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)]
folders = {}
for path in gone:
    folders.setdefault(os.path.dirname(path), []).append(path)
for folder, paths in sorted(folders.items()):
    for path in paths if len(paths) < 5 else [f'{folder}/ ({len(paths)} files)']:
        print(f'  lacks {path}')
sys.exit(1 if gone else 0)
